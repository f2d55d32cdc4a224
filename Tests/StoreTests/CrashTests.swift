import Foundation
import Git
import Store
import TestSupport
import Testing

/// A child process that writes to a store until it is done or killed.
final class Writer {
    private let process: RunningProgram
    /// Whether a claiming process acquired its claim.
    private(set) var claimed = false

    init(
        store: String, name: String, count: Int, dyingAt death: (point: FailurePoint, number: Int)? = nil,
        isMixed: Bool = false, isOfBranches: Bool = false
    ) throws {
        process = try Program(
            [BuiltProgram.path(of: "store-writer"), store, name, "\(count)"]
                + (death.map { [$0.point.rawValue, "\($0.number)"] } ?? []) + (isMixed ? ["mixed"] : [])
                + (isOfBranches ? ["side"] : [])
        ).start()
    }

    /// A process that claims `claims/NAME`; the initializer returns when it has reported the result.
    init(store: String, claiming name: String) throws {
        process = try Program([BuiltProgram.path(of: "store-writer"), store, name, "claim"]).start()
        while process.isRunning, !process.output.hasSuffix("\n") { usleep(1_000) }
        claimed = process.output == "claimed\n"
    }

    func kill() { process.kill(SIGKILL) }

    /// Waits for the end; returns the acknowledged receipts, the counter's value of each, and the errors.
    func finish() -> (acknowledged: [String: Int], complaint: String) {
        let ending = process.wait()
        var found: [String: Int] = [:]
        // A line without its end was cut off by the kill: that acknowledgement was not received.
        for line in ending.output.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 2, let value = Int(words[1]) { found[String(words[0])] = value }
        }
        return (found, ending.messages)
    }
}

struct CrashTests {
    /// The history must be a line of transactions: each adds 1 to the counter, each receipt is whole and of its value.
    private func expectLinear(_ store: Store, acknowledged: [String: Int], _ comment: Comment) throws {
        var previous: Int?
        for entry in try store.history(of: main) {
            let value = try store.snapshot(at: entry.id).value(Int.self, at: "counter") ?? 0
            if let previous { #expect(value == previous - 1, comment) }
            previous = value
        }
        let head = try store.snapshot(main)
        for writer in try head.list("receipts") {
            for receipt in try head.list(StorePath("receipts/\(writer.name)")) {
                let path = try StorePath("receipts/\(writer.name)/\(receipt.name)")
                let first = try head.value(Int.self, at: path.appending("first"))
                #expect(first != nil, comment)
                #expect(try first == head.value(Int.self, at: path.appending("second")), comment)
            }
        }
        for (name, value) in acknowledged {
            let path = try StorePath("receipts/\(name)/first")
            #expect(try head.value(Int.self, at: path) == value, comment)
        }
    }

    @Test(arguments: FailurePoint.allCases) func aWriterDiesAtAPoint(_ point: FailurePoint) throws {
        let rounds = LongForm.isWanted ? 40 : 2
        try withDirectory { directory in
            let store = try Store(at: directory + "/store")
            try store.transact(main, "start") { try $0.write(0, to: "counter") }
            var acknowledged: [String: Int] = [:]
            for round in 0..<rounds {
                let isMerging = point == .packsMerged || point == .somePacksDropped
                let number = isMerging ? 1 : round % 3 + 1
                let writer = try Writer(
                    store: store.path, name: "d\(round)", count: isMerging ? 15 : 5, dyingAt: (point, number))
                let end = writer.finish()
                #expect(end.acknowledged.count < (isMerging ? 15 : 5), "the writer lived through \(point)")
                acknowledged.merge(end.acknowledged) { $1 }
                try expectClean(store.path)
                let next = try Writer(store: store.path, name: "n\(round)", count: 2).finish()
                #expect(next.acknowledged.count == 2, "after \(point): \(next.complaint)")
                acknowledged.merge(next.acknowledged) { $1 }
            }
            try expectClean(store.path)
            try expectLinear(store, acknowledged: acknowledged, "\(point)")
            #expect(files(endingIn: ".lock", below: directory + "/store/refs") == [])
            #expect(files(endingIn: ".keep", below: directory + "/store/objects") == [])
            try expectRepacked(store)
        }
    }

    /// Between the moves of two branches, too.
    @Test(
        arguments: [
            FailurePoint.referenceLocked, .journalWritten, .packWritten, .objectsWritten, .journalSynced,
            .referenceSpared, .referenceMoved,
        ], 0..<(LongForm.isWanted ? 20 : 2))
    func aWriterOfSeveralBranchesDiesAtAPoint(_ point: FailurePoint, round: Int) throws {
        try withDirectory { directory in
            let store = try Store(at: directory + "/store")
            let branches = try (0..<4).map { try Branch("side/\($0)") }
            for branch in branches { try store.transact(branch, "start") { try $0.write(0, to: "counter") } }
            var acknowledged: [String: Int] = [:]
            for number in [2, 3, 5] {
                let writer = try Writer(
                    store: store.path, name: "side", count: 50, dyingAt: (point, number + round), isOfBranches: true)
                let end = writer.finish()
                #expect(end.acknowledged.values.max() ?? 0 < 50, "the writer lived through \(point)")
                acknowledged.merge(end.acknowledged) { max($0, $1) }
                try store.finishPendingCommits()
                try expectClean(store.path)
            }
            for branch in branches {
                let history = try store.history(of: branch)
                let values = try history.map { try store.snapshot(at: $0.id).value(Int.self, at: "counter") }
                #expect(values == Array((0..<values.count).reversed()), "each commit adds 1: \(point)")
                #expect(values.count > acknowledged[branch.name] ?? 0, "\(branch.name), \(point)")
            }
            #expect(files(endingIn: ".lock", below: directory + "/store/refs") == [])
            #expect(files(endingIn: ".keep", below: directory + "/store/objects") == [])
            // A pack whose index was not written is left over.
            #expect(try Store.verify(at: store.path).findings.isEmpty || point == .packWritten)
        }
    }

    /// Without a transaction: a reader needs all durable changes, too.
    @Test func aDurableChangeOfADeadWriterIsSeenOnceTheStoreIsSettled() throws {
        try withDirectory { directory in
            let store = try Store(at: directory + "/store")
            try store.transact(main, "start") { try $0.write(0, to: "counter") }
            let end = try Writer(store: store.path, name: "d", count: 5, dyingAt: (.journalSynced, 2)).finish()
            #expect(end.acknowledged.count == 1)
            func counter() throws -> Int? {
                try Store(opening: store.path).snapshot(main).value(Int.self, at: "counter")
            }
            #expect(try counter() == 1)
            try Store(opening: store.path).finishPendingCommits()
            #expect(try counter() == 2)
            try Store(opening: store.path).finishPendingCommits()
            #expect(try counter() == 2)
            try expectClean(store.path)
        }
    }

    /// Files left by killed writers do not prevent the store from being packed.
    private func expectRepacked(_ store: Store) throws {
        let head = try store.snapshot(main).commit
        try store.repackIfNeeded(limit: 0, grace: 0)
        try store.repack(grace: 0)
        try expectClean(store.path)
        #expect(try Store(opening: store.path).snapshot(main).commit == head)
        let packs = files(endingIn: ".idx", below: store.path + "/objects").filter { !$0.contains("tmp_") }
        #expect(packs.count == 1)
    }

    /// The number of deaths per store: the time of a check grows with the contents.
    @Test(arguments: 0..<(LongForm.isWanted ? 25 : 1)) func writersAreKilledAtRandom(store number: Int) throws {
        let rounds = LongForm.isWanted ? 40 : 12
        var random = SeededGenerator()
        let seed = random.seed
        try withDirectory { directory in
            let store = try Store(at: directory + "/store")
            try store.transact(main, "start") { try $0.write(0, to: "counter") }
            var acknowledged: [String: Int] = [:]
            for round in 0..<rounds {
                let writers = try (0..<2).map {
                    try Writer(
                        store: store.path, name: "r\(round)w\($0)", count: 100_000, isMixed: !round.isMultiple(of: 3))
                }
                usleep(UInt32.random(in: 20_000...120_000, using: &random))
                for writer in writers { writer.kill() }
                for writer in writers { acknowledged.merge(writer.finish().acknowledged) { $1 } }
                try expectClean(store.path)
            }
            let last = try Writer(store: store.path, name: "last", count: 1).finish()
            #expect(last.acknowledged.count == 1, "seed \(seed): \(last.complaint)")
            try expectLinear(store, acknowledged: acknowledged, "seed \(seed)")
            try expectRepacked(store)
            try expectLinear(store, acknowledged: acknowledged, "packed, seed \(seed)")
        }
    }

    @Test(arguments: [2, 8]) func manyProcessesWriteWhileStockGitPushesAndFetches(writers count: Int) throws {
        try withDirectory { directory in
            let store = try Store(at: directory + "/store")
            try store.transact(main, "start") { try $0.write(0, to: "counter") }
            let clone = directory + "/clone"
            try git("clone", "-q", "--branch", "main", store.path, clone, at: directory)
            let each = LongForm.isWanted ? 500 : 25
            let writers = try (0..<count).map {
                try Writer(store: store.path, name: "w\($0)", count: each, isMixed: !$0.isMultiple(of: 3))
            }
            var pushed = 0
            for round in 0..<20 {
                try git("fetch", "-q", at: clone)
                try git("reset", "-q", "--hard", "origin/main", at: clone)
                try Data("\(round)\n".utf8).write(to: URL(filePath: clone + "/pushed"))
                try git("add", "pushed", at: clone)
                try git("-c", "user.name=a", "-c", "user.email=b", "commit", "-q", "-m", "pushed", at: clone)
                pushed += gitSucceeds("push", "-q", "origin", "HEAD:main", at: clone) ? 1 : 0
                if round == 10 { try git("pack-refs", "--all", at: store.path) }
                if round == 13 { try git("gc", "-q", at: store.path) }
                if round == 15 { try git("repack", "-q", "-a", "-d", at: store.path) }
            }
            var acknowledged: [String: Int] = [:]
            for writer in writers {
                let end = writer.finish()
                #expect(end.acknowledged.count == each, "\(end.complaint)")
                acknowledged.merge(end.acknowledged) { $1 }
            }
            try expectClean(store.path)
            #expect(try store.snapshot(main).value(Int.self, at: "counter") == count * each)
            let values = Set(acknowledged.values)
            #expect(values == Set(1...count * each), "no two writers were told the same value")
            let log = try git("log", "--format=%s", "main", at: store.path).split(separator: "\n")
            #expect(log.count { $0 == "pushed" } == pushed)
        }
    }
}

/// The paths of files with an ending.
func files(endingIn end: String, below directory: String) -> [String] {
    (FileManager.default.enumerator(atPath: directory)?.compactMap { $0 as? String } ?? []).filter { $0.hasSuffix(end) }
}
