internal import Git
internal import Glibc
internal import System

extension Store {
    /// Migrates an older store to the schema of this program, one version after the other.
    ///
    /// Older programs are locked out from the first change on. A snapshot of all branches is taken first. An
    /// interrupted migration is resumed: each branch is migrated by one transaction, whose commit records it.
    func migrate() throws {
        let lock = try File("\(layout.own)/schema.lock", O_RDWR | O_CREAT)
        guard try lock.lock(within: options.lockTimeout) else {
            throw StoreError(
                .locked, "store: another process has been changing the schema for \(options.lockTimeout)",
                hint: "`fuser '\(layout.own)/schema.lock'` shows it; the lock is released when that process ends")
        }
        // Another process may have done it in the meantime.
        var state = try options.schema.check(layout)
        while state.from != nil || state.version < options.schema.version {
            let from = state.from ?? state.version
            state = SchemaState(version: from + 1, from: from)
            try migrate(state, options.schema.migrations[from - 1])
            state.from = nil
            try state.write(layout)
        }
    }

    private func migrate(_ state: SchemaState, _ migration: Schema.Migration) throws {
        let reason = "before-schema-\(state.version)"
        try state.write(layout)
        let kept = try snapshots().first { $0.name.hasSuffix(reason) }
        let before = try kept ?? takeSnapshot(reason: reason)
        for branch in try branches() {
            // A branch created after the snapshot was not written by an older program.
            guard let head = before.heads[branch.name], try !isMigrated(branch, since: head, state.version) else {
                continue
            }
            let message = "Schema \(state.version): \(migration.name)\n\nSchema: \(state.version)\n"
            try transact(branch, message) { try migration.change($0, branch) }
        }
    }

    private func isMigrated(_ branch: Branch, since head: String, _ version: Int) throws -> Bool {
        let since = try snapshot(branch).commit.map { try commits(on: $0, after: ObjectID(hex: head)) } ?? []
        return try handles.with { repository in
            try since.contains { id in
                try repository.commit(id).trailers.contains { $0.key == "Schema" && $0.value == "\(version)" }
            }
        }
    }
}
