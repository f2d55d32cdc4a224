internal import Core

extension GitRepository {
    /// The entry at `path` (`a/b/c`) in a tree; nil if it does not exist or the path is empty.
    ///
    /// - Complexity: Reads one tree object per component.
    public func entry(at path: some StringProtocol, in tree: ObjectID) throws -> TreeEntry? {
        var directory = tree
        let names = path.pathNames
        for (index, name) in names.enumerated() {
            guard let entry = try self.tree(directory).entry(named: name) else { return nil }
            if index == names.count - 1 { return entry }
            guard entry.kind == .directory else { return nil }
            directory = entry.id
        }
        return nil
    }

    /// Calls `body` with every file and directory in a tree, in git's order, and its relative path.
    ///
    /// For a directory, return false to skip its contents. Directories come before their contents.
    public func walk(
        _ tree: ObjectID, prefix: String = "", _ body: (_ path: String, _ entry: TreeEntry) throws -> Bool
    ) throws {
        for entry in try self.tree(tree).entries {
            let path = prefix.isEmpty ? entry.name : "\(prefix)/\(entry.name)"
            let descend = try body(path, entry)
            if descend, entry.kind == .directory {
                try walk(entry.id, prefix: path, body)
            }
        }
    }

    /// The entries that differ between two trees, in git's order of paths; nil is the empty tree.
    ///
    /// - Complexity: Reads only the trees of directories that differ.
    public func differences(
        from old: ObjectID?, to new: ObjectID?, prefix: String = "",
        _ body: (_ path: String, _ old: TreeEntry?, _ new: TreeEntry?) throws -> Void
    ) throws {
        if old == new { return }
        let before = try old.map { try tree($0) } ?? .empty
        let after = try new.map { try tree($0) } ?? .empty
        for difference in before.differences(to: after) {
            try report(difference.old, difference.new, prefix, body)
        }
    }

    private func report(
        _ old: TreeEntry?, _ new: TreeEntry?, _ prefix: String,
        _ body: (_ path: String, _ old: TreeEntry?, _ new: TreeEntry?) throws -> Void
    ) throws {
        guard let name = (new ?? old)?.name else { return }
        let path = prefix.isEmpty ? name : "\(prefix)/\(name)"
        let oldDirectory = old?.kind == .directory ? old?.id : nil
        let newDirectory = new?.kind == .directory ? new?.id : nil
        if oldDirectory != nil || newDirectory != nil {
            try differences(from: oldDirectory, to: newDirectory, prefix: path, body)
        }
        let oldFile = old?.kind == .directory ? nil : old
        let newFile = new?.kind == .directory ? nil : new
        if oldFile != nil || newFile != nil { try body(path, oldFile, newFile) }
    }
}
