internal import Archive
internal import Core
internal import Glibc
internal import OpamSwitch

/// The changes that a build made below the switch's prefix, found by comparing an overlay's upper directory with the
/// lower ones.
struct InstalledChanges {
    /// The overlay's directory of changes.
    let upper: String
    /// The lower directories, topmost first.
    let lowers: [String]
    let prefix: String
    /// The lower directories with the inputs' files and opam's state, topmost first.
    let owned: [OwnedLayer]

    /// All changes except those of opam's own files, by path relative to the prefix.
    ///
    /// - Complexity: O(changes × lowers).
    func all() -> [FilePath: ChangesFile.Change] {
        var found: [FilePath: ChangesFile.Change] = [:]
        collect("", into: &found)
        return found
    }

    /// Changed files of inputs and of opam's state.
    ///
    /// - Parameter excluded: Paths relative to the prefix.
    func overwrites(excluding excluded: Set<String>) -> [Overwrite] {
        let comparison = OverlayComparison(
            upper: upper + prefix, lowers: owned.map { $0.directory + prefix }, excluding: excluded)
        return comparison.differences().map { difference in
            Overwrite(path: difference.path, owner: owned[difference.lower].owner, change: difference.change.rawValue)
        }
    }

    /// Files added to opam's own directories, which only opam may do.
    ///
    /// - Parameter excluded: Paths relative to the prefix.
    func addedRecords(excluding excluded: Set<String>) -> [Overwrite] {
        var added: [FilePath: ChangesFile.Change] = [:]
        collect(".opam-switch", excluding: Set(excluded.map { FilePath($0) }), into: &added)
        return added.sorted { $0.key < $1.key }.compactMap { path, change in
            guard case .added(let content) = change, content != .directory else { return nil }
            return Overwrite(path: path, owner: OwnedLayer.opam, change: "added")
        }
    }

    private func collect(
        _ directory: FilePath, excluding excluded: Set<FilePath> = [],
        into found: inout [FilePath: ChangesFile.Change]
    ) {
        let names = entryNames(of: absolute(directory, in: upper)) ?? []
        for name in names where directory != "" || name != ".opam-switch" {
            let path = directory.appending(name)
            if excluded.contains(path) { continue }
            if let change = change(of: path) { found[path] = change }
            if case .directory = content(of: absolute(path, in: upper)) {
                collect(path, excluding: excluded, into: &found)
            }
        }
    }

    /// The absolute path in one of the directories of a path relative to the prefix.
    private func absolute(_ path: FilePath, in root: String) -> FilePath {
        let prefix = FilePath(root + prefix)
        return path.isEmpty ? prefix : prefix.appending(path)
    }

    /// The change of a path; nil if it is unchanged.
    func change(of path: FilePath) -> ChangesFile.Change? {
        let above = absolute(path, in: upper)
        guard let mode = mode(of: above) else { return nil }
        let before = lowers.lazy.compactMap { lower -> (content: ChangesFile.Content?, mode: mode_t)? in
            let below = absolute(path, in: lower)
            return self.mode(of: below).map { (content(of: below), $0) }
        }.first
        guard let now = content(of: above) else { return before == nil ? nil : .removed }
        guard let before, let old = before.content else { return .added(now) }
        switch (old, now) {
        case (.directory, .directory): return before.mode == mode ? nil : .permissionsChanged(now)
        case (.file, .file): return .contentsChanged(now)
        case (.link(let old), .link(let new)): return old == new ? nil : .contentsChanged(now)
        default: return .kindChanged(now)
        }
    }

    private func mode(of path: FilePath) -> mode_t? {
        var status = stat()
        return path.withCString { lstat($0, &status) } == 0 ? status.st_mode : nil
    }

    /// The content at an absolute path; nil if there is nothing, or a whiteout or a device.
    private func content(of path: FilePath) -> ChangesFile.Content? {
        var status = stat()
        guard path.withCString({ lstat($0, &status) }) == 0 else { return nil }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return .file(size: Int(status.st_size))
        case S_IFDIR: return .directory
        case S_IFLNK:
            var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
            let count = path.withCString { readlink($0, &buffer, buffer.count) }
            return count < 0 ? nil : .link(target: FilePath(bytes: buffer[..<count].map { UInt8(bitPattern: $0) }))
        default: return nil
        }
    }
}
