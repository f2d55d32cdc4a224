internal import Git
internal import Synchronization

/// Commits and directories that were read or written lately, for all threads of a process. They never change.
///
/// Forgets all when it is full, which costs one reading each.
final class ObjectCache: Sendable {
    private static let limit = 64 << 20
    private static let commitLimit = 10_000
    private struct Contents {
        var trees: [ObjectID: Tree] = [:]
        var size = 0
        var commits: [ObjectID: Commit] = [:]
    }
    private let contents = Mutex(Contents())

    func tree(_ id: ObjectID, _ repository: GitRepository) throws -> Tree {
        if let tree = contents.withLock({ $0.trees[id] }) { return tree }
        let tree = try repository.tree(id)
        add([id: tree])
        return tree
    }

    func commit(_ id: ObjectID, _ repository: GitRepository) throws -> Commit {
        if let commit = contents.withLock({ $0.commits[id] }) { return commit }
        let commit = try repository.commit(id)
        add(id, commit)
        return commit
    }

    func add(_ more: [ObjectID: Tree]) {
        contents.withLock { contents in
            if contents.size > Self.limit {
                contents.trees = [:]
                contents.size = 0
            }
            for (id, tree) in more where contents.trees.updateValue(tree, forKey: id) == nil {
                contents.size += tree.bytes.count + 64
            }
        }
    }

    func add(_ id: ObjectID, _ commit: Commit) {
        contents.withLock { contents in
            if contents.commits.count >= Self.commitLimit { contents.commits = [:] }
            contents.commits[id] = commit
        }
    }

    /// What is at `path` below a directory; nil where there is nothing.
    func entry(at path: StorePath, in tree: ObjectID, _ repository: GitRepository) throws -> TreeEntry? {
        try path.entry(in: tree) { try self.tree($0, repository) }
    }
}
