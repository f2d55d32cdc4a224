internal import Archive
internal import Core
internal import Foundation
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
    func all() -> [String: ChangesFile.Change] {
        var found: [String: ChangesFile.Change] = [:]
        collect("", into: &found)
        return found
    }

    /// Files of inputs, and of opam's state, that are not what they were.
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
        var added: [String: ChangesFile.Change] = [:]
        collect(".opam-switch", excluding: excluded, into: &added)
        return added.sorted { $0.key < $1.key }.compactMap { path, change in
            guard case .added(let content) = change, content != .directory else { return nil }
            return Overwrite(path: path, owner: OwnedLayer.opam, change: "added")
        }
    }

    private func collect(
        _ directory: String, excluding excluded: Set<String> = [], into found: inout [String: ChangesFile.Change]
    ) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(upper)\(prefix)/\(directory)")) ?? []
        for name in names where directory != "" || name != ".opam-switch" {
            let path = directory.isEmpty ? name : "\(directory)/\(name)"
            if excluded.contains(path) { continue }
            if let change = change(of: path) { found[path] = change }
            if case .directory = content(of: "\(upper)\(prefix)/\(path)") {
                collect(path, excluding: excluded, into: &found)
            }
        }
    }

    /// What happened to one path; nil where nothing did.
    func change(of path: String) -> ChangesFile.Change? {
        let above = "\(upper)\(prefix)/\(path)"
        var status = stat()
        guard lstat(above, &status) == 0 else { return nil }
        let before = lowers.lazy.compactMap { lower -> (content: ChangesFile.Content?, mode: mode_t)? in
            var status = stat()
            let below = "\(lower)\(prefix)/\(path)"
            guard lstat(below, &status) == 0 else { return nil }
            return (content(of: below), status.st_mode)
        }.first
        guard let now = content(of: above) else { return before == nil ? nil : .removed }
        guard let before, let old = before.content else { return .added(now) }
        switch (old, now) {
        case (.directory, .directory):
            return before.mode == status.st_mode ? nil : .permissionsChanged(now)
        case (.file, .file): return .contentsChanged(now)
        case (.link(let old), .link(let new)): return old == new ? nil : .contentsChanged(now)
        default: return .kindChanged(now)
        }
    }

    /// What is at an absolute path; nil for nothing, for a mark of something removed and for devices.
    private func content(of path: String) -> ChangesFile.Content? {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return .file(size: Int(status.st_size))
        case S_IFDIR: return .directory
        case S_IFLNK:
            return (try? FileManager.default.destinationOfSymbolicLink(atPath: path)).map { .link(target: $0) }
        default: return nil
        }
    }
}
