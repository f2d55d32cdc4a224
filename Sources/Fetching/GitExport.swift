internal import Archive
internal import Foundation
internal import Git

/// What a commit holds, as an archive with one folder, `source`: files, links, and submodules at the commits that are
/// recorded. Nothing is filtered: no line ends, no LFS, no `export-subst`.
struct GitExport {
    /// Submodules within each other.
    private static let depthLimit = 8
    /// Bytes of the list of submodules.
    private static let listLimit = 1 << 20

    private let archive: TarFile
    private let limit: Int
    /// Opens the mirror of an address.
    private let mirror: (String) throws -> GitMirror

    /// Writes `file`, which is there whole or not at all.
    ///
    /// - Parameter limit: bytes of all files.
    /// - Throws: `SourceError`.
    static func write(
        _ commit: ObjectID, of mirror: GitMirror, to file: String, limit: Int,
        mirrors: @escaping (String) throws -> GitMirror
    ) throws {
        let aside = "\(file).\(UUID().uuidString)"
        defer { unlink(aside) }
        do {
            let limits = TreeLimits(bytes: limit)
            let export = GitExport(
                archive: try TarFile(creating: aside, limits: limits), limit: limit, mirror: mirrors)
            try export.add(commit, of: mirror, at: "source", depth: 0)
            try export.archive.finish()
        } catch let error as ArchiveError {
            throw SourceError(error.code == .system ? .network : .rejected, "\(mirror.url): \(error)")
        } catch let error as GitError {
            throw SourceError(.damaged, "\(mirror.url): \(error)")
        }
        guard rename(aside, file) == 0 else {
            throw SourceError(.network, "\(file): cannot be written: \(String(cString: strerror(errno)))")
        }
    }

    private func add(_ commit: ObjectID, of mirror: GitMirror, at path: String, depth: Int) throws {
        guard depth <= Self.depthLimit else {
            throw SourceError(.rejected, "\(mirror.url): more than \(Self.depthLimit) submodules within each other")
        }
        try mirror.fetch(commit)
        let record = try mirror.repository.commit(commit)
        var walk = Walk(mirror: mirror, time: Int(record.committer.time), depth: depth)
        walk.submodules = try submodules(of: mirror.repository.tree(record.tree), mirror)
        try add(record.tree, at: path, below: path, walk)
    }

    /// What the entries of one repository have in common.
    private struct Walk {
        var mirror: GitMirror
        var time: Int
        var depth: Int
        /// Addresses by path.
        var submodules: [String: String] = [:]
    }

    private func add(_ tree: ObjectID, at path: String, below root: String, _ walk: Walk) throws {
        try archive.add(ArchiveEntry(path: path, kind: .directory, permissions: 0o755, modified: walk.time))
        for entry in try walk.mirror.repository.tree(tree).entries {
            guard !["", ".", "..", ".git"].contains(entry.name.lowercased()), !entry.name.contains("/") else {
                throw SourceError(.rejected, "\(walk.mirror.url): '\(path)' holds an entry named '\(entry.name)'")
            }
            let place = "\(path)/\(entry.name)"
            switch entry.kind {
            case .directory: try add(entry.id, at: place, below: root, walk)
            case .submodule: try addSubmodule(entry.id, at: place, below: root, walk)
            case .file, .executable, .symbolicLink: try addFile(entry, at: place, walk)
            }
        }
    }

    private func addFile(_ entry: TreeEntry, at place: String, _ walk: Walk) throws {
        let size = try walk.mirror.repository.header(entry.id).size
        guard size <= limit else {
            throw SourceError(.rejected, "\(walk.mirror.url): '\(place)' has \(size) bytes, more than \(limit)")
        }
        let bytes = try walk.mirror.repository.blob(entry.id)
        if entry.kind == .symbolicLink {
            let kind = ArchiveEntry.Kind.symbolicLink(target: String(decoding: bytes, as: UTF8.self))
            return try archive.add(ArchiveEntry(path: place, kind: kind, permissions: 0o777, modified: walk.time))
        }
        let mode: UInt32 = entry.kind == .executable ? 0o755 : 0o644
        try bytes.withUnsafeBytes {
            try archive.add(
                ArchiveEntry(path: place, kind: .file, permissions: mode, modified: walk.time), contents: $0)
        }
    }

    /// A submodule without an address stays an empty folder, as with git.
    private func addSubmodule(_ commit: ObjectID, at place: String, below root: String, _ walk: Walk) throws {
        guard let url = walk.submodules[String(place.dropFirst(root.count + 1))] else {
            return try archive.add(
                ArchiveEntry(path: place, kind: .directory, permissions: 0o755, modified: walk.time))
        }
        let inner = try mirror(url)
        try add(commit, of: inner, at: place, depth: walk.depth + 1)
    }

    private func submodules(of tree: Tree, _ mirror: GitMirror) throws -> [String: String] {
        guard let entry = tree.entry(named: ".gitmodules"), entry.kind == .file,
            try mirror.repository.header(entry.id).size <= Self.listLimit
        else { return [:] }
        return SubmoduleList(String(decoding: try mirror.repository.blob(entry.id), as: UTF8.self))
            .addresses(relativeTo: mirror.url)
    }
}
