import Foundation
import Git
import Store
import Testing

/// Migrations of a store: version 1, 2 (numbers are doubled), 3 (a document is renamed).
struct SchemaTests {
    private static let doubling = Schema.Migration("Double the numbers") { transaction, _ in
        for entry in try transaction.list("numbers") {
            let path = try StorePath("numbers/\(entry.name)")
            try transaction.write((transaction.value(Int.self, at: path) ?? 0) * 2, to: path)
        }
    }
    private static let renaming = Schema.Migration("Rename old to new") { transaction, _ in
        guard let bytes = try transaction.bytes(at: "old") else { return }
        try transaction.write(bytes: bytes, to: "new")
        try transaction.remove("old")
    }

    private func options(_ migrations: [Schema.Migration]) -> StoreOptions {
        var options = StoreOptions()
        options.schema = Schema(migrations)
        return options
    }

    /// A store of version 1 with two branches.
    private func old(_ directory: String) throws -> Store {
        let store = try Store(at: directory + "/store")
        for branch in [main, try Branch("other")] {
            try store.transact(branch, "old") {
                for number in 1...3 { try $0.write(number, to: StorePath("numbers/\(number)")) }
                try $0.write("text", to: "old")
            }
        }
        return store
    }

    private func expectNew(_ store: Store) throws {
        for branch in [main, try Branch("other")] {
            let snapshot = try store.snapshot(branch)
            #expect(try (1...3).map { try snapshot.value(Int.self, at: StorePath("numbers/\($0)")) } == [2, 4, 6])
            #expect(try snapshot.value(String.self, at: "new") == "text")
            #expect(try !snapshot.exists("old"))
            #expect(
                try store.history(of: branch).map(\.commit.subject) == [
                    "Schema 3: Rename old to new", "Schema 2: Double the numbers", "old",
                ])
        }
        #expect(try String(contentsOfFile: store.path + "/ciso/schema", encoding: .utf8) == "3\n")
    }

    @Test func anOlderStoreIsBroughtUpToDateOnce() throws {
        try withDirectory { directory in
            let store = try old(directory)
            let before = try store.snapshot(main).commit
            for _ in 0..<2 {
                let new = try Store(opening: store.path, options: options([Self.doubling, Self.renaming]))
                try expectNew(new)
            }
            let kept = try store.snapshots()
            #expect(kept.map { $0.name.hasSuffix("before-schema-2") } == [true, false])
            #expect(kept[0].heads["main"] == before?.hex && kept[0].heads["other"] != nil)
            try expectClean(store.path)
            // A program that has the store open, or supports only the earlier version, can no longer write.
            let error = #expect(throws: StoreError.self) {
                try store.transact(main, "late") { try $0.write(9, to: "x") }
            }
            #expect(error?.kind == .newerSchema)
            #expect(throws: StoreError.self) { try Store(opening: store.path) }
            #expect(throws: StoreError.self) { try Store(opening: store.path, options: options([Self.doubling])) }
        }
    }

    /// The migration stops after the given number of the four changes (two versions of two branches).
    @Test(arguments: 0..<4) func interruptedMigrationsAreResumed(changes: Int) throws {
        struct Interrupted: Error {}
        try withDirectory { directory in
            let store = try old(directory)
            nonisolated(unsafe) var left = changes
            func interrupted(_ migration: Schema.Migration) -> Schema.Migration {
                Schema.Migration(migration.name) { transaction, branch in
                    if left == 0 { throw Interrupted() }
                    left -= 1
                    try migration.change(transaction, branch)
                }
            }
            #expect(throws: Interrupted.self) {
                try Store(
                    opening: store.path, options: options([interrupted(Self.doubling), interrupted(Self.renaming)]))
            }
            let error = #expect(throws: StoreError.self) { try Store(opening: store.path) }
            #expect(error?.kind == .newerSchema, "a program of version 1 is kept out of what is half done")
            try expectNew(Store(opening: store.path, options: options([Self.doubling, Self.renaming])))
            #expect(try store.snapshots().count == 2)
        }
    }

    @Test(arguments: ["", "x", "0", "-1", "1 from", "1 to 2", "2 from 1 from 0", "2 from x"])
    func invalidVersionsAreNamed(text: String) throws {
        try withDirectory { directory in
            let store = try Store(at: directory + "/store")
            try Data("\(text)\n".utf8).write(to: URL(filePath: store.path + "/ciso/schema"))
            let error = #expect(throws: StoreError.self) { try Store(opening: store.path) }
            #expect(error?.kind == .corrupted && error?.message.contains("ciso/schema") == true)
        }
    }

    /// A process may be killed at any moment while it creates a store: the next one continues. A store with contents
    /// but without its schema is damaged, and is not created again.
    @Test(arguments: [["ciso/schema"], ["ciso"], ["ciso", "config", "HEAD"]])
    func anInterruptedCreationIsContinued(missing: [String]) throws {
        try withDirectory { directory in
            let path = directory + "/store"
            _ = try Store(at: path)
            for name in missing { try FileManager.default.removeItem(atPath: "\(path)/\(name)") }
            try Data().write(to: URL(filePath: "\(path)/HEAD.lock"))
            #expect(Store.canBeMade(at: path))
            let error = #expect(throws: StoreError.self) { try Store(opening: path) }
            #expect(error?.kind == .noStore)
            let store = try Store(at: path)
            try store.transact(main, "x") { try $0.write(1, to: "x") }
            try expectClean(path)
            try FileManager.default.removeItem(atPath: "\(path)/ciso/schema")
            #expect(!Store.canBeMade(at: path))
            #expect(throws: StoreError.self) { try Store(opening: path) }
        }
    }

    @Test func aNewerSchemaIsRefused() throws {
        try withDirectory { directory in
            let path = directory + "/store"
            _ = try Store(at: path)
            try Data("99\n".utf8).write(to: URL(filePath: path + "/ciso/schema"))
            let error = #expect(throws: StoreError.self) { try Store(opening: path) }
            #expect(error?.kind == .newerSchema)
            #expect(error?.message.contains("99") == true)
            #expect(throws: StoreError.self) { try Store(opening: directory + "/none") }
            #expect(throws: StoreError.self) { try Store(at: directory) }
        }
    }
}
