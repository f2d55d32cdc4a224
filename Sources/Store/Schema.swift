internal import Git
internal import Glibc

/// The version of a store's layout: written when it is made, checked whenever it is opened.
enum Schema {
    /// Brings a store of version `index + 1` to the next version. Each must be able to run twice.
    static let migrations: [@Sendable (Layout) throws -> Void] = []

    /// Makes a store unless one is there.
    static func create(_ layout: Layout) throws {
        if status(of: layout.schema) != nil { return }
        let present = names(in: layout.root)
        guard present.isEmpty || status(of: layout.gitObjects) != nil else {
            throw StoreError(
                .noStore, "'\(layout.root)' is no store, and holds '\(present[0])'",
                hint: "name an empty folder or one that does not exist")
        }
        try makeDirectory(layout.root)
        let repository = try GitRepository(initializingBare: layout.root)
        try repository.configure(configuration)
        for folder in [layout.own, layout.objects, layout.logs, layout.live] { try makeDirectory(folder) }
        try replace(layout.schema, with: Array("\(Store.schemaVersion)\n".utf8))
    }

    /// No maintenance behind our back, nothing lost by a careless push, and what stock git writes is on disk as well.
    private static let configuration = [
        ("gc.auto", "0"), ("maintenance.auto", "false"), ("receive.autogc", "false"),
        ("receive.denyNonFastForwards", "true"), ("receive.denyDeletes", "true"), ("core.fsync", "committed"),
    ].map { (key: $0.0, value: $0.1) }

    /// Refuses what is no store or is newer than this program, and brings up to date what is older.
    static func check(_ layout: Layout) throws {
        guard let bytes = try fileContents(layout.schema) else {
            throw StoreError(
                .noStore, "there is no store at '\(layout.root)'", hint: "`ci plan` makes one; --store names another")
        }
        let text = String(decoding: bytes.prefix(20), as: UTF8.self).filter { $0 != "\n" }
        guard let version = Int(text), version > 0 else {
            throw StoreError(.corrupted, "store: '\(layout.schema)' holds '\(text)', expected a number")
        }
        guard version <= Store.schemaVersion else {
            throw StoreError(
                .newerSchema,
                "the store at '\(layout.root)' has version \(version), this program knows \(Store.schemaVersion)",
                hint: "use a newer ci; this one would not understand what it finds")
        }
        for step in version..<Store.schemaVersion {
            try migrations[step - 1](layout)
            try replace(layout.schema, with: Array("\(step + 1)\n".utf8))
        }
    }
}
