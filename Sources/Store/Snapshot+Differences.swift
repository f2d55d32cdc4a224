public import Git

extension Snapshot {
    /// Calls `body` with each document that differs between two snapshots of a store. Nil stands for an empty branch;
    /// an id is nil if the document is absent.
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

    /// The root directory; nil for an empty branch, whose directory may not exist as an object.
    private var directory: ObjectID? { tree == .emptyTree ? nil : tree }
}
