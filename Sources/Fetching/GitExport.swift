internal import Archive
internal import Foundation
internal import Git

/// The contents of a commit as an archive with one directory, `source`: files, links, and submodules at their recorded
/// commits. No filters are applied: no line end conversion, no LFS, no `export-subst`.
struct GitExport {
    /// The maximum nesting depth of submodules.
    private static let depthLimit = 8
    /// The maximum size of `.gitmodules` in bytes.
    private static let listLimit = 1 << 20

    private let archive: TarFile
    private let limit: Int
    /// Opens the mirror of a URL.
    private let mirror: (String) throws -> GitMirror

    /// Writes `file`, which is incomplete after an error.
    ///
    /// - Parameter limit: the maximum size of all files in bytes.
    /// - Throws: `SourceError`.
    static func write(
        _ commit: ObjectID, of mirror: GitMirror, to file: String, limit: Int,
        mirrors: @escaping (String) throws -> GitMirror
    ) throws {
        do {
            let limits = TreeLimits(bytes: limit)
            let export = GitExport(
                archive: try TarFile(creating: file, limits: limits), limit: limit, mirror: mirrors)
            try export.add(commit, of: mirror, at: "source", depth: 0)
            try export.archive.finish()
        } catch let error as ArchiveError {
            throw SourceError(SourceError.Kind(error), "\(mirror.url): \(error)")
        } catch let error as GitError {
            throw SourceError(SourceError.Kind(error, absence: .damaged), "\(mirror.url): \(error)")
        }
    }

    private func add(_ commit: ObjectID, of mirror: GitMirror, at path: FilePath, depth: Int) throws {
        guard depth <= Self.depthLimit else {
            throw SourceError(.rejected, "\(mirror.url): more than \(Self.depthLimit) nested submodules")
        }
        try mirror.fetch(commit)
        let record = try mirror.repository.commit(commit)
        var walk = Walk(mirror: mirror, time: Int(record.committer.time), depth: depth)
        walk.submodules = try submodules(of: mirror.repository.tree(record.tree), mirror)
        try add(record.tree, at: path, below: path, walk)
    }

    /// The state of the walk through one repository.
    private struct Walk {
        var mirror: GitMirror
        var time: Int
        var depth: Int
        /// The URLs of submodules by path.
        var submodules: [String: String] = [:]
    }

    private func add(_ tree: ObjectID, at path: FilePath, below root: FilePath, _ walk: Walk) throws {
        try archive.add(ArchiveEntry(path: path, kind: .directory, permissions: 0o755, modified: walk.time))
        for (bytes, kind, id) in try walk.mirror.repository.tree(tree).entriesWithNames {
            let name = FilePath(bytes: bytes)
            let isReserved = ["", ".", "..", ".git"].contains(name.description.lowercased())
            guard !isReserved, !bytes.contains(UInt8(ascii: "/")) else {
                throw SourceError(.rejected, "\(walk.mirror.url): '\(path)' holds an entry named '\(name)'")
            }
            let destination = path.appending(name)
            switch kind {
            case .directory: try add(id, at: destination, below: root, walk)
            case .submodule: try addSubmodule(id, at: destination, below: root, walk)
            case .file, .executable, .symbolicLink: try addFile(id, kind, at: destination, walk)
            }
        }
    }

    private func addFile(_ id: ObjectID, _ entryKind: EntryKind, at destination: FilePath, _ walk: Walk) throws {
        let size = try walk.mirror.repository.header(id).size
        guard size <= limit else {
            throw SourceError(.rejected, "\(walk.mirror.url): '\(destination)' has \(size) bytes, more than \(limit)")
        }
        let bytes = try walk.mirror.repository.blob(id)
        if entryKind == .symbolicLink {
            let kind = ArchiveEntry.Kind.symbolicLink(target: FilePath(bytes: bytes))
            return try archive.add(ArchiveEntry(path: destination, kind: kind, permissions: 0o777, modified: walk.time))
        }
        let mode: UInt32 = entryKind == .executable ? 0o755 : 0o644
        try bytes.withUnsafeBytes {
            try archive.add(
                ArchiveEntry(path: destination, kind: .file, permissions: mode, modified: walk.time), contents: $0)
        }
    }

    /// A submodule without a URL remains an empty directory, as in git.
    private func addSubmodule(_ commit: ObjectID, at destination: FilePath, below root: FilePath, _ walk: Walk) throws {
        let path = String(decoding: destination.bytes.dropFirst(root.bytes.count + 1), as: UTF8.self)
        guard let url = walk.submodules[path] else {
            return try archive.add(
                ArchiveEntry(path: destination, kind: .directory, permissions: 0o755, modified: walk.time))
        }
        let inner = try mirror(url)
        try add(commit, of: inner, at: destination, depth: walk.depth + 1)
    }

    private func submodules(of tree: Tree, _ mirror: GitMirror) throws -> [String: String] {
        guard let entry = tree.entry(named: ".gitmodules"), entry.kind == .file,
            try mirror.repository.header(entry.id).size <= Self.listLimit
        else { return [:] }
        return SubmoduleList(String(decoding: try mirror.repository.blob(entry.id), as: UTF8.self))
            .addresses(relativeTo: mirror.url)
    }
}
