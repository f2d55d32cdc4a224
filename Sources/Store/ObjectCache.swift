internal import Git
internal import Synchronization

/// Recently used commits, directories and small documents, which are immutable, for all threads of a process.
///
/// Objects that were not used while as many others were added are dropped.
final class ObjectCache: Sendable {
    private static let limit = 32 << 20
    private static let commitLimit = 10_000
    /// The maximum size of documents that are kept.
    private static let blobLimit = 64 << 10

    private struct Generation {
        var trees: [ObjectID: Tree] = [:]
        var blobs: [ObjectID: [UInt8]] = [:]
        var size = 0
    }

    private struct Contents {
        var new = Generation()
        var old = Generation()
        var commits: [ObjectID: Commit] = [:]

        mutating func add(_ id: ObjectID, _ tree: Tree) {
            if new.trees.updateValue(tree, forKey: id) == nil { grow(tree.bytes.count) }
        }

        mutating func add(_ id: ObjectID, _ blob: [UInt8]) {
            guard blob.count <= ObjectCache.blobLimit else { return }
            if new.blobs.updateValue(blob, forKey: id) == nil { grow(blob.count) }
        }

        private mutating func grow(_ size: Int) {
            new.size += size + 64
            if new.size > ObjectCache.limit { (old, new) = (new, Generation()) }
        }

        mutating func tree(_ id: ObjectID) -> Tree? {
            if let tree = new.trees[id] { return tree }
            guard let tree = old.trees[id] else { return nil }
            add(id, tree)
            return tree
        }

        mutating func blob(_ id: ObjectID) -> [UInt8]? {
            if let blob = new.blobs[id] { return blob }
            guard let blob = old.blobs[id] else { return nil }
            add(id, blob)
            return blob
        }
    }
    private let contents = Mutex(Contents())

    func tree(_ id: ObjectID, _ repository: GitRepository) throws -> Tree {
        if let tree = contents.withLock({ $0.tree(id) }) { return tree }
        let tree = try repository.tree(id).marked
        contents.withLock { $0.add(id, tree) }
        return tree
    }

    /// The contents of a document.
    func blob(_ id: ObjectID, _ repository: GitRepository) throws -> [UInt8] {
        if let blob = contents.withLock({ $0.blob(id) }) { return blob }
        let blob = try repository.blob(id)
        contents.withLock { $0.add(id, blob) }
        return blob
    }

    func commit(_ id: ObjectID, _ repository: GitRepository) throws -> Commit {
        if let commit = contents.withLock({ $0.commits[id] }) { return commit }
        let commit = try repository.commit(id)
        add(id, commit)
        return commit
    }

    func removeAll() { contents.withLock { $0 = Contents() } }

    /// Keeps what was written, except directories that a later commit of the change replaces: they would displace
    /// everything else.
    func add(_ change: PreparedChange) {
        let replaced = Set(change.treeVersions.compactMap(\.base))
        contents.withLock { contents in
            for (id, tree) in change.trees where !replaced.contains(id) { contents.add(id, tree.marked) }
            for (id, blob) in change.blobs { contents.add(id, blob) }
        }
        if let last = change.commits.last { add(last.id, last.commit) }
    }

    private func add(_ id: ObjectID, _ commit: Commit) {
        contents.withLock { contents in
            if contents.commits.count >= Self.commitLimit { contents.commits = [:] }
            contents.commits[id] = commit
        }
    }

    /// The entry at `path` below a directory; nil if there is none.
    func entry(at path: StorePath, in tree: ObjectID, _ repository: GitRepository) throws -> TreeEntry? {
        try path.entry(in: tree) { name, directory in try self.tree(directory, repository).entry(named: name) }
    }
}
