import Glibc
import System

// MARK: Layers of images, applied to the tree of the lower layers

extension TreeWriter {
    /// Opens a directory of the tree, creating missing directories of its path.
    func openInRoot(_ components: ArraySlice<FilePath>) throws(ArchiveError) -> Int32 {
        guard let last = components.last else { return openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        let path = FilePath(joining: components)
        let found = path.withCString { openDirectory($0, below: root) }
        if found >= 0 { return found }
        guard errno == ENOENT else { throw noDirectory(path) }
        let parent = Descriptor(adopting: try openInRoot(components.dropLast()), archive)
        let made = last.withCString { openDirectory($0, in: parent.raw, making: 0o755) }
        guard made >= 0 else { throw noDirectory(path) }
        return made
    }

    private func noDirectory(_ path: FilePath) -> ArchiveError {
        let reason = errno
        let isUnsafe = [ELOOP, ENOTDIR, EXDEV, ENOENT].contains(reason)
        return ArchiveError(
            isUnsafe ? .unsafePath : .system, archive: archive, member: path.description,
            detail: "'\(path)' is not a directory of the image: \(errorText(reason))")
    }

    /// Removes what a whiteout names in lower layers. Entries added by this layer are kept, whatever the order of
    /// members.
    func applyWhiteout(
        _ name: FilePath, _ components: [FilePath], in directory: Int32, _ entry: ArchiveEntry
    ) throws(ArchiveError) {
        let parent = Array(components.dropLast())
        if name == FilePath(Whiteout.opaqueName) {
            guard removeLower(in: directory, parent) else { throw cannotRemove(entry) }
            return
        }
        // `.wh..wh.` is the prefix of AUFS's own files.
        if name.hasPrefix(Whiteout.prefix + Whiteout.prefix) { return }
        let removed = FilePath(bytes: name.bytes.dropFirst(Whiteout.prefix.utf8.count))
        guard !removed.isEmpty, removed != ".", removed != ".." else {
            throw ArchiveError(
                .unsafePath, archive: archive, member: entry.path.description, detail: "the whiteout names nothing")
        }
        guard removeLower(removed, in: directory, parent + [removed]) else { throw cannotRemove(entry) }
    }

    private func cannotRemove(_ entry: ArchiveEntry) -> ArchiveError {
        ArchiveError(
            .system, archive: archive, member: entry.path.description,
            detail: "the file named by the whiteout cannot be removed: \(errorText(errno))")
    }

    /// - Returns: false if something cannot be removed.
    private func removeLower(_ name: FilePath, in directory: Int32, _ components: [FilePath]) -> Bool {
        let isOwn = added?.contains(FilePath(joining: components)) == true
        let child = Descriptor(adopting: name.withCString { openDirectory($0, in: directory) }, archive)
        guard child.raw >= 0 else {
            if errno == ENOENT || isOwn { return true }
            return name.withCString { unlinkat(directory, $0, 0) } == 0
        }
        guard removeLower(in: child.raw, components) else { return false }
        if isOwn { return true }
        return name.withCString { unlinkat(directory, $0, AT_REMOVEDIR) } == 0 || errno == ENOTEMPTY
    }

    private func removeLower(in directory: Int32, _ components: [FilePath]) -> Bool {
        guard var stream = DirectoryStream(".", in: directory) else { return false }
        var names: [FilePath] = []
        while let name = stream.next() { names.append(FilePath(cString: name)) }
        return names.allSatisfy { removeLower($0, in: directory, components + [$0]) }
    }

    /// Removes a directory of lower layers with its contents.
    func removeTree(_ name: FilePath, in directory: Int32) -> Bool {
        let child = Descriptor(adopting: name.withCString { openDirectory($0, in: directory) }, archive)
        guard child.raw >= 0 else { return name.withCString { unlinkat(directory, $0, 0) } == 0 }
        guard var stream = DirectoryStream(".", in: child.raw) else { return false }
        var names: [FilePath] = []
        while let name = stream.next() { names.append(FilePath(cString: name)) }
        let parent = child.raw
        return names.allSatisfy { removeTree($0, in: parent) }
            && name.withCString { unlinkat(directory, $0, AT_REMOVEDIR) } == 0
    }
}
