public import Git

extension Snapshot {
    /// Calls `body` with every document that two snapshots of one store do not have alike; nil is an empty branch, and
    /// the id is nil where there is no document.
    ///
    /// - Complexity: Reads only directories that differ.
    public static func differences(
        from old: Snapshot?, to new: Snapshot?,
        _ body: (_ path: StorePath, _ old: ObjectID?, _ new: ObjectID?) throws -> Void
    ) throws {
        guard let handles = (new ?? old)?.handles else { return }
        try handles.with { repository in
            try repository.differences(from: old?.directory, to: new?.directory) { path, old, new in
                try body(StorePath(path), old?.id, new?.id)
            }
        }
    }

    /// Nil for an empty branch, whose directory is no object of the repository.
    private var directory: ObjectID? { tree == .emptyTree ? nil : tree }
}
