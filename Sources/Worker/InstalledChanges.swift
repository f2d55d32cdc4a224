internal import Archive
internal import Core
internal import Glibc
internal import OpamSwitch

/// What a build changed below the switch's prefix, seen by comparing an overlay's upper directory with those below it.
struct InstalledChanges {
    /// The overlay's directory of changes.
    let upper: String
    /// The directories below, the topmost first.
    let lowers: [String]
    let prefix: String
    /// Those of them that hold the inputs' files and opam's state, the topmost first.
    let owned: [OwnedLayer]

    /// Every change but those among opam's own files, by path relative to the prefix.
    ///
    /// - Complexity: O(changes × lowers).
    func all() -> [FilePath: ChangesFile.Change] {
        var found: [FilePath: ChangesFile.Change] = [:]
        collect("", into: &found)
        return found
    }

    /// Files of inputs, and of opam's state, that were changed.
    ///
    /// - Parameter excluded: paths relative to the prefix.
    func overwrites(excluding excluded: Set<String>) -> [Overwrite] {
        let comparison = OverlayComparison(
            upper: upper + prefix, lowers: owned.map { $0.directory + prefix }, excluding: excluded)
        return comparison.differences().map { difference in
            Overwrite(path: difference.path, owner: owned[difference.lower].owner, change: difference.change.rawValue)
        }
    }

    /// Files that were added among opam's own. Only opam itself may do that.
    ///
    /// - Parameter excluded: paths relative to the prefix.
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

    /// A path relative to the prefix in one of the directories.
    private func absolute(_ path: FilePath, in root: String) -> FilePath {
        let prefix = FilePath(root + prefix)
        return path.isEmpty ? prefix : prefix.appending(path)
    }

    /// What happened to one path; nil where nothing did.
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

    /// What is at an absolute path; nil for nothing, for a mark of something removed and for devices.
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
