public import Git

/// A commit of the history.
public struct HistoryEntry: Sendable {
    /// The commit's id.
    public let id: ObjectID
    /// The commit: tree, parents, author, message.
    public let commit: Commit
}

extension Store {
    /// The snapshot at a commit.
    public func snapshot(at commit: ObjectID) throws -> Snapshot {
        Snapshot(commit: commit, tree: try handles.with { try $0.commit(commit).tree }, handles: handles)
    }

    /// The commits of a branch, newest first, restricted to those that changed something at or below `path`. Ends
    /// before a missing or damaged commit.
    ///
    /// - Complexity: Reads one directory per name of `path` and commit, and none if the directory above is unchanged.
    public func history(
        of branch: Branch, path: StorePath? = nil, limit: Int = .max
    ) throws -> [HistoryEntry] {
        guard let head = try snapshot(branch).commit else { return [] }
        return try handles.with { repository in
            var found: [HistoryEntry] = []
            var next: ObjectID? = head
            var known: (tree: ObjectID, entry: ObjectID?)?
            func entry(_ tree: ObjectID) throws -> ObjectID? {
                if let known, known.tree == tree { return known.entry }
                let id = try path.flatMap { try repository.entry(at: $0.description, in: tree)?.id }
                known = (tree, id)
                return id
            }
            while let id = next, found.count < limit {
                let commit: Commit
                do {
                    commit = try repository.commit(id)
                } catch let error as GitError where error.kind == .corrupted && id != head {
                    break
                }
                next = commit.parents.first
                guard path != nil else {
                    found.append(HistoryEntry(id: id, commit: commit))
                    continue
                }
                let now = try entry(commit.tree)
                let before = next.flatMap { try? entry(repository.commit($0).tree) }
                if now != before { found.append(HistoryEntry(id: id, commit: commit)) }
            }
            return found
        }
    }

    /// Calls `body` with the contents of a commit and its ancestors, newest first, until it returns false. Ends before
    /// a missing or damaged commit, unless it is the first.
    ///
    /// - Returns: Whether it reached the first commit of the history or `body` ended it.
    /// - Complexity: Reads only commits, no directories.
    @discardableResult
    package func forEachCommit(
        from head: ObjectID, _ body: (_ id: ObjectID, _ contents: UnsafeRawBufferPointer) throws -> Bool
    ) throws -> Bool {
        try handles.with { repository in
            var next: ObjectID? = head
            while let id = next {
                do {
                    next = try repository.withCommit(id) { try body(id, $0) ? $1 : nil }
                } catch let error as GitError where error.kind == .corrupted && id != head {
                    return false
                }
            }
            return true
        }
    }

    /// The commits from `ancestor` (exclusive) to `commit`, newest first; all commits if it is not an ancestor.
    func commits(on commit: ObjectID, after ancestor: ObjectID?) throws -> [ObjectID] {
        try handles.with { repository in
            var found: [ObjectID] = []
            var next: ObjectID? = commit
            while let id = next, id != ancestor {
                found.append(id)
                next = try repository.commit(id).parents.first
            }
            return found
        }
    }
}
