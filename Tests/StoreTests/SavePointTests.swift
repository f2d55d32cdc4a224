import Core
import Foundation
import Git
import Store
import TestSupport
import Testing

struct SavePointTests {
    @Test func undoRevertsOneChangeAndKeepsOthers() throws {
        try withDirectory { directory in
            let store = try Store(at: directory + "/store")
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
        try withDirectory { directory in
            let store = try Store(at: directory + "/store")
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

    /// The damage to a store, and the name in the finding.
    enum Damage: CaseIterable {
        case missingDocument, otherContents, missingDirectory, zeroReference, packCutShort, log, layer, archive, oldLock

        /// Damages `store` and returns the name that the finding must contain.
        func apply(to store: Store) throws -> String {
            func object(_ revision: String) throws -> String {
                try makeLoose(store.path)
                let id = try git("rev-parse", revision, at: store.path)
                return "\(store.path)/objects/\(id.prefix(2))/\(id.dropFirst(2))"
            }
            func overwrite(_ path: String, _ data: Data) throws {
                chmod(path, 0o644)
                try data.write(to: URL(filePath: path))
            }
            switch self {
            case .missingDocument:
                try FileManager.default.removeItem(atPath: object("main:d/a"))
                return "'d/a'"
            case .otherContents:
                try overwrite(object("main:d/a"), Data(contentsOf: URL(filePath: object("main:d/b"))))
                return "do not match its id"
            case .missingDirectory:
                try FileManager.default.removeItem(atPath: object("main:d"))
                return "directory"
            case .zeroReference:
                try overwrite(store.path + "/refs/heads/main", Data(repeating: 0, count: 41))
                return "refs/heads/main"
            case .packCutShort:
                try store.repack(grace: 0)
                let pack = try #require(files(endingIn: ".pack", below: store.path + "/objects").first)
                let path = "\(store.path)/objects/\(pack)"
                try overwrite(path, Data(contentsOf: URL(filePath: path)).dropLast(30))
                return pack
            case .log:
                let digest = try store.logs.put(Array("log".utf8))
                let path = try #require(files(endingIn: digest.hex, below: store.path + "/ciso/logs").first)
                try overwrite("\(store.path)/ciso/logs/\(path)", Data("lag".utf8))
                return digest.hex
            case .layer:
                let digest = try store.objects.put([1, 2, 3])
                try overwrite(store.objects.path(of: digest), Data([1, 2, 4]))
                return digest.hex
            case .archive:
                _ = try store.logs.put((0..<9_000).map { _ in UInt8.random(in: 0...255) })
                try store.logs.pack()
                let directory = store.path + "/ciso/logs/archives"
                let name = try #require(
                    files(endingIn: "", below: directory).max { size($0, directory) < size($1, directory) })
                var bytes = try Data(contentsOf: URL(filePath: "\(directory)/\(name)"))
                bytes[bytes.count / 2] ^= 0xff
                try overwrite("\(directory)/\(name)", bytes)
                return "damaged in"
            case .oldLock:
                let path = store.path + "/refs/heads/main.lock"
                try Data().write(to: URL(filePath: path))
                let then = Date(timeIntervalSinceNow: -3600)
                try FileManager.default.setAttributes([.modificationDate: then], ofItemAtPath: path)
                return "main.lock"
            }
        }

        private func size(_ name: String, _ directory: String) -> Int {
            (try? FileManager.default.attributesOfItem(atPath: "\(directory)/\(name)"))?[.size] as? Int ?? 0
        }

        /// Whether a repair loses nothing: the journal contains everything except objects packed since.
        var isMended: Bool { self != .packCutShort }
    }

    @Test(arguments: Damage.allCases) func verifyNamesDamageAndRepairsWhatItCan(_ damage: Damage) throws {
        try withDirectory { directory in
            let store = try Store(at: directory + "/store")
            try store.transact(main, "one") {
                try $0.write("a", to: "d/a")
                try $0.write("b", to: "d/b")
            }
            try store.transact(Branch("other"), "other") { try $0.write(1, to: "n") }
            #expect(try Store.verify(at: store.path).findings == [])
            let named = try damage.apply(to: store)
            let findings = try Store.verify(at: store.path).findings
            #expect(findings.contains { $0.message.contains(named) }, "\(findings)")
            #expect(findings.contains { $0.severity == .damage } == (damage != .oldLock))
            _ = try Store.verify(at: store.path, repair: true)
            #expect(try Store.verify(at: store.path).findings.isEmpty == damage.isMended)
            #expect(try store.snapshots().map { $0.name.hasSuffix("before-repair") } == [true])
        }
    }

    @Test func historyShowsWhoChangedADocumentAndWhen() throws {
        try withDirectory { directory in
            let store = try Store(at: directory + "/store")
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
            #expect(try store.snapshot(at: commits[5]!).value(Int.self, at: "d/1") == 5)
        }
    }

    @Test func collectionDropsWhatNothingRefersTo() throws {
        struct Result: Codable {
            var outcome: String
            var log: Digest
        }
        try withDirectory { directory in
            let store = try Store(at: directory + "/store")
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
            #expect(store.logs.present(among: logs + [Digest(of: "none")]) == Set(logs))
            let garbage = try later.findGarbage(retention)
            #expect(Set(garbage.logs) == [logs[2], stray])
            #expect(garbage.objects == [layer])
            try later.logs.pack()
            try later.collect(garbage, retention)
            #expect(try store.logs.read(logs[2]) == nil)
            #expect(store.logs.present(among: logs) == Set(logs).subtracting([logs[2]]))
            #expect(!store.objects.contains(layer))
            for (number, log) in logs.enumerated() where number != 2 {
                #expect(try store.logs.read(log) == Array("log \(number)".utf8))
            }
            try expectClean(store.path)
            #expect(try Store.verify(at: store.path).findings.isEmpty)
            #expect(try store.snapshot(main).exists("cell.json"))
        }
    }

    /// A transition is another value of the document's own member, however the document is written.
    @Test(
        arguments: [
            (#""good""#, #""good""#, false), (#""good""#, #""bad""#, true), (#""a, b""#, #""a, c""#, true),
            (#""a b""#, #""ab""#, true), (#""\"}""#, #""\"]""#, true),
            ("1", "1", false),
            ("[1,2]", "[1,2]", false), ("[1,2]", "[1,3]", true), (nil, "null", true), (nil, nil, false),
        ] as [(String?, String?, Bool)])
    func turnsAreSeenInEveryForm(old: String?, new: String?, isTurn: Bool) throws {
        for form in ["in one line", "canonical", "as others indent"] {
            try withDirectory { directory in
                let store = try Store(at: directory + "/store")
                var logs: [Digest] = []
                for (number, outcome) in [old, new, new, new].enumerated() {
                    logs.append(try store.logs.put(Array("log \(number)".utf8)))
                    // Nested members differ each time, and do not count.
                    var text = #"{"inner":{"outcome":\#(number)},"log":"\#(logs[number])""#
                    text += outcome.map { #","outcome":\#($0)}"# } ?? "}"
                    var bytes = Array(text.utf8)
                    if form != "in one line" {
                        let object = try JSONSerialization.jsonObject(with: Data(bytes))
                        bytes = [UInt8](
                            try JSONSerialization.data(withJSONObject: object, options: [.prettyPrinted, .sortedKeys]))
                        bytes.append(UInt8(ascii: "\n"))
                    }
                    if form == "as others indent" {
                        bytes = Array(String(decoding: bytes, as: UTF8.self).replacing("\" : ", with: "\": ").utf8)
                    }
                    try store.transact(main, "\(number)") { try $0.write(bytes: bytes, to: "cell.json") }
                }
                let later = try Store(opening: store.path, options: StoreOptions(clock: { systemTime() + 10 }))
                let garbage = try later.findGarbage(Retention(versions: 1, grace: 0))
                // The first version is a transition from nothing; the last one is the newest.
                let kept = (old == nil ? [] : [0]) + (isTurn ? [1] : []) + [3]
                #expect(Set(garbage.logs) == Set(logs).subtracting(kept.map { logs[$0] }), "\(form)")
            }
        }
    }

    @Test func logsAreReadableWhileTheyGrowAndWhenTheyArePacked() throws {
        try withDirectory { directory in
            let store = try Store(at: directory + "/store")
            let writer = try store.logs.begin("job")
            try writer.append(Array("one\n".utf8))
            #expect(try store.logs.read(running: "job") == Array("one\n".utf8))
            try writer.append(Array("two\n".utf8))
            #expect(try store.logs.read(running: "job", from: 4) == Array("two\n".utf8))
            // It is not taken for a leftover while its writer is alive.
            _ = try Store(opening: store.path)
            #expect(throws: StoreError.self) { try store.logs.begin("job") }
            let digest = try writer.seal()
            #expect(store.logs.runningNames == [])
            #expect(digest == Digest(of: "one\ntwo\n"))
            #expect(try store.logs.read(digest) == Array("one\ntwo\n".utf8))
            #expect(try store.logs.pack().logs == 1)
            #expect(try store.logs.read(digest) == Array("one\ntwo\n".utf8))
            #expect(try store.logs.read(Digest(of: "none")) == nil)
        }
    }

    @Test func runningLogsOfDeadWritersAreSwept() async throws {
        try await withAsyncDirectory { directory in
            let store = try Store(at: directory + "/store")
            // A process that dies without cleanup leaves a file that is not locked.
            try Data("left".utf8).write(
                to: URL(filePath: makingDirectory("\(store.path)/ciso/logs/running") + "/dead.log"))
            let alive = try store.logs.begin("alive")
            #expect(store.logs.runningNames == ["alive", "dead"])
            _ = try Store(opening: store.path)
            #expect(store.logs.runningNames == ["alive"])
            alive.discard()
            #expect(store.logs.runningNames == [])
        }
    }

    private func makingDirectory(_ path: String) throws -> String {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }
}
