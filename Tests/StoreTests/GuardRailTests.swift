import Core
import Foundation
import Git
import Store
import Testing

struct GuardRailTests {
    @Test func undoTakesBackOneChangeAndKeepsTheOthers() throws {
        try withFolder { folder in
            let store = try Store(at: folder + "/store")
            try store.transact(main, "one") { try $0.write(1, to: "a") }
            let second = try store.transact(main, "two") {
                try $0.write(2, to: "a")
                try $0.write(2, to: "b")
            }.commit
            try store.transact(main, "three") { try $0.write(3, to: "c") }
            let undoing = try store.planUndo(on: main, of: second)
            #expect(undoing.changes.map(\.path) == ["a", "b"])
            #expect(undoing.dependents == [])
            try store.undo(undoing)
            let snapshot = try store.snapshot(main)
            #expect(try snapshot.value(Int.self, at: "a") == 1)
            #expect(try snapshot.value(Int.self, at: "b") == nil)
            #expect(try snapshot.value(Int.self, at: "c") == 3)
            #expect(try store.snapshots().count == 1, "a snapshot was taken before")
            // The undoing is a change like any other, and can be undone.
            try store.undo(store.planUndo(on: main))
            #expect(try store.snapshot(main).value(Int.self, at: "a") == 2)
        }
    }

    @Test func undoRefusesWhereLaterChangesBuildOnIt() throws {
        try withFolder { folder in
            let store = try Store(at: folder + "/store")
            let first = try store.transact(main, "one") { try $0.write(1, to: "a") }.commit
            try store.transact(main, "two") { try $0.write(2, to: "a") }
            let undoing = try store.planUndo(on: main, of: first)
            #expect(undoing.dependents == ["a"])
            #expect(throws: StoreError.self) { try store.undo(undoing) }
            #expect(try store.snapshot(main).value(Int.self, at: "a") == 2)
            try store.undo(undoing, force: true)
            #expect(try store.snapshot(main).exists("a") == false)
        }
    }

    @Test func aNewerSchemaIsRefused() throws {
        try withFolder { folder in
            let path = folder + "/store"
            _ = try Store(at: path)
            try Data("99\n".utf8).write(to: URL(filePath: path + "/ciso/schema"))
            let error = #expect(throws: StoreError.self) { try Store(opening: path) }
            #expect(error?.kind == .newerSchema)
            #expect(error?.message.contains("99") == true)
            #expect(throws: StoreError.self) { try Store(opening: folder + "/none") }
            #expect(throws: StoreError.self) { try Store(at: folder) }
        }
    }

    @Test func historyTellsWhoChangedADocumentAndWhenItTurned() throws {
        try withFolder { folder in
            let store = try Store(at: folder + "/store")
            var commits: [ObjectID?] = []
            for number in 0..<40 {
                commits.append(
                    try store.transact(main, "\(number)") {
                        try $0.write(number, to: StorePath("d/\(number % 4)"))
                    }.commit)
            }
            #expect(try store.history(of: main, path: "d/1").map(\.commit.subject).first == "37")
            #expect(try store.history(of: main, path: "d/1").count == 10)
            #expect(try store.history(of: main, path: "d", limit: 3).map(\.commit.subject) == ["39", "38", "37"])
            for turn in stride(from: 2, to: 40, by: 4) {
                let found = try store.firstCommit(on: main, at: "d/2") { bytes in
                    (bytes.flatMap { Int(String(decoding: $0.dropLast(), as: UTF8.self)) } ?? -1) >= turn
                }
                #expect(found == commits[turn])
            }
            #expect(try store.snapshot(at: commits[5]!).value(Int.self, at: "d/1") == 5)
        }
    }

    @Test func collectionDropsWhatNothingRefersTo() throws {
        struct Result: Codable {
            var outcome: String
            var log: Digest
        }
        try withFolder { folder in
            let store = try Store(at: folder + "/store")
            var logs: [Digest] = []
            // Success, failure, failure, failure, failure: the last two and both turning points are kept.
            for (number, outcome) in ["good", "bad", "bad", "bad", "bad"].enumerated() {
                let log = try store.logs.put(Array("log \(number)".utf8))
                logs.append(log)
                try store.transact(main, "\(number)") {
                    try $0.write(Result(outcome: outcome, log: log), to: "cell.json")
                }
            }
            let stray = try store.logs.put(Array("stray".utf8))
            let layer = try store.objects.put([1, 2, 3])
            let retention = Retention(versions: 2, grace: 0)
            #expect(try store.findGarbage().logs.isEmpty, "what is new is kept")
            let later = try Store(
                opening: store.path, options: StoreOptions(clock: { systemTime() + 10 }))
            let garbage = try later.findGarbage(retention)
            #expect(Set(garbage.logs) == [logs[2], stray])
            #expect(garbage.objects == [layer])
            try later.logs.pack()
            try later.collect(garbage)
            #expect(try store.logs.read(logs[2]) == nil)
            #expect(!store.objects.contains(layer))
            for (number, log) in logs.enumerated() where number != 2 {
                #expect(try store.logs.read(log) == Array("log \(number)".utf8))
            }
            try expectClean(store.path)
            #expect(try Store.verify(at: store.path).findings.isEmpty)
            #expect(try store.snapshot(main).exists("cell.json"))
        }
    }

    @Test func logsAreReadableWhileTheyGrowAndWhenTheyArePacked() throws {
        try withFolder { folder in
            let store = try Store(at: folder + "/store")
            let writer = try store.logs.begin("job")
            try writer.append(Array("one\n".utf8))
            #expect(try store.logs.read(running: "job") == Array("one\n".utf8))
            try writer.append(Array("two\n".utf8))
            #expect(try store.logs.read(running: "job", from: 4) == Array("two\n".utf8))
            let digest = try store.logs.seal("job")
            #expect(store.logs.runningNames == [])
            #expect(digest == Digest(of: "one\ntwo\n"))
            #expect(try store.logs.read(digest) == Array("one\ntwo\n".utf8))
            #expect(try store.logs.pack().logs == 1)
            #expect(try store.logs.read(digest) == Array("one\ntwo\n".utf8))
            #expect(try store.logs.read(Digest(of: "none")) == nil)
        }
    }
}
