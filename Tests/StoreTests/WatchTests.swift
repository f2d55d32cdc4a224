import Foundation
import Git
import Store
import Synchronization
import TestSupport
import Testing

/// Collects the events of a watch, and lets a test wait for them.
final class Collected<Element: Sendable>: Sendable {
    private let elements = Mutex<[Element]>([])

    var all: [Element] { elements.withLock(\.self) }
    func add(_ element: Element) { elements.withLock { $0.append(element) } }

    /// Waits at most ten seconds until `condition` holds for the collected events.
    func wait(_ condition: ([Element]) -> Bool) async -> Bool {
        for _ in 0..<2000 {
            if condition(all) { return true }
            try? await Task.sleep(for: .milliseconds(5))
        }
        return condition(all)
    }
}

struct WatchTests {
    @Test func theFirstEventIsThePresentState() async throws {
        try await withAsyncDirectory { directory in
            let store = try Store(at: directory + "/store")
            try await store.transact(main, "before") { try $0.write(1, to: "a/x") }
            let seen = Collected<WatchEvent>()
            let watch = store.watch(main, below: "a") { seen.add($0) }
            #expect(await seen.wait { $0.count == 1 })
            #expect(seen.all[0].isInitial)
            #expect(seen.all[0].changes.map(\.path) == ["a/x"])
            // A branch that is not there yet is a state, too.
            let empty = store.watch(try Branch("later")) { seen.add($0) }
            #expect(await seen.wait { $0.count == 2 })
            #expect(seen.all[1].isInitial && seen.all[1].changes.isEmpty)
            watch.cancel()
            empty.cancel()
        }
    }

    @Test func auditsDeliverEveryTransactionOnceInOrderAndComplete() async throws {
        try await withAsyncDirectory { directory in
            let store = try Store(at: directory + "/store")
            let seen = Collected<WatchEvent>()
            try await store.transact(main, "first") { try $0.write(-1, to: "a/n") }
            let watch = store.watch(main, below: "a", mode: .audit) { seen.add($0) }
            #expect(await seen.wait { $0.count == 1 })
            for number in 0..<20 {
                try await store.transact(main, "\(number)") {
                    try $0.write(number, to: "a/n")
                    try $0.write(number, to: StorePath("a/p\(number)"))
                }
                // Neither a change elsewhere nor an equal value causes an event.
                try await store.transact(main, "elsewhere") { try $0.write(number, to: "b") }
                try await store.transact(main, "equal") { try $0.write(number, to: "a/n") }
            }
            #expect(await seen.wait { $0.count == 21 })
            for (number, event) in seen.all.dropFirst().enumerated() {
                #expect(event.changes.map(\.path.description) == ["a/n", "a/p\(number)"])
                #expect(try event.snapshot.value(Int.self, at: "a/n") == number)
            }
            watch.cancel()
        }
    }

    @Test func resumingMissesNothing() async throws {
        try await withAsyncDirectory { directory in
            let store = try Store(at: directory + "/store")
            let first = try await store.transact(main, "0") { try $0.write(0, to: "n") }.commit
            for number in 1...5 { try await store.transact(main, "\(number)") { try $0.write(number, to: "n") } }
            let seen = Collected<Int?>()
            let reopened = try Store(opening: store.path)
            let watch = reopened.watch(main, mode: .audit, from: first) {
                seen.add(try $0.snapshot.value(Int.self, at: "n"))
            }
            #expect(await seen.wait { $0.last == 5 })
            #expect(seen.all == [0, 1, 2, 3, 4, 5])
            watch.cancel()
        }
    }

    @Test func failingHandlersDelayOnlyThemselvesAndAreCounted() async throws {
        struct Refused: Error {}
        try await withAsyncDirectory { directory in
            let store = try Store(at: directory + "/store")
            let good = Collected<Int?>()
            let attempts = Collected<Int?>()
            let bad = store.watch(main) { event in
                attempts.add(try event.snapshot.value(Int.self, at: "n"))
                if attempts.all.count < 4 { throw Refused() }
            }
            let watch = store.watch(main) { good.add(try $0.snapshot.value(Int.self, at: "n")) }
            try await store.transact(main, "1") { try $0.write(1, to: "n") }
            #expect(await good.wait { $0.last == 1 })
            #expect(await attempts.wait { $0.count >= 4 && $0.last == 1 })
            #expect(bad.statistics.failures == 3)
            #expect(watch.statistics.failures == 0)
        }
    }

    /// | slow handler        | writer              | quick handler       |
    /// |---------------------|---------------------|---------------------|
    /// | begins the first    |                     |                     |
    /// |                     | commits 1 to 20     | is told of 20       |
    /// | ends the first      |                     |                     |
    /// | is notified of 20 at last, skipping |         |                     |
    @Test func slowHandlersDelayOnlyThemselves() async throws {
        try await withAsyncDirectory { directory in
            let store = try Store(at: directory + "/store")
            let (slow, quick) = (Collected<Int?>(), Collected<Int?>())
            let release = Collected<Bool>()
            let slowWatch = store.watch(main) { event in
                slow.add(try event.snapshot.value(Int.self, at: "n"))
                while release.all.isEmpty { usleep(1_000) }
            }
            #expect(await slow.wait { $0.count == 1 })
            let watch = store.watch(main) { quick.add(try $0.snapshot.value(Int.self, at: "n")) }
            for number in 1...20 { try await store.transact(main, "\(number)") { try $0.write(number, to: "n") } }
            #expect(await quick.wait { $0.last == 20 })
            #expect(slow.all.count == 1)
            release.add(true)
            #expect(await slow.wait { $0.last == 20 })
            #expect(slow.all.count < 20, "a state watch skips what has passed")
            slowWatch.cancel()
            watch.cancel()
        }
    }

    @Test(arguments: [ChangeDetection.kernel(checkingEvery: .seconds(60)), .polling(every: .milliseconds(20))])
    func stockGitIsNoticed(changeDetection: ChangeDetection) async throws {
        try await withAsyncDirectory { directory in
            let store = try Store(at: directory + "/store", options: StoreOptions(changeDetection: changeDetection))
            try await store.transact(main, "1") { try $0.write(1, to: "n") }
            let seen = Collected<ObjectID?>()
            let deep = try Branch("results/new/branch")
            let watch = store.watch(deep) { seen.add($0.snapshot.commit) }
            #expect(await seen.wait { $0 == [nil] })
            #expect(watch.changeDetection == changeDetection)
            let head = try git("rev-parse", "main", at: store.path)
            try git("update-ref", deep.reference, head, at: store.path)
            #expect(await seen.wait { $0.last == ObjectID(hex: head) })
            try git("pack-refs", "--all", "--prune", at: store.path)
            let next = try #require(try await store.transact(main, "2") { try $0.write(2, to: "n") }.commit)
            try git("update-ref", deep.reference, next.hex, at: store.path)
            #expect(await seen.wait { $0.last == next })
            #expect(seen.all == [nil, ObjectID(hex: head), next], "packing references is no change")
            watch.cancel()
        }
    }

    @Test func commitsOfAnExcludedSeriesAreNotDelivered() async throws {
        try await withAsyncDirectory { directory in
            let store = try Store(at: directory + "/store")
            let other = try Store(opening: directory + "/store")
            let own = TransactionOptions(series: CommitSeries())
            try await store.transact(main, "before") { try $0.write(0, to: "a") }
            let seen = Collected<WatchEvent>()
            let head = try store.snapshot(main).commit
            let watch = store.watch(main, from: head, excluding: own.series) { seen.add($0) }
            #expect(await seen.wait { $0.count == 1 })
            // Changes that the watch has not yet read are delivered, whoever wrote them; from then on, the series is
            // excluded.
            try await store.transact(main, "own", options: own) { try $0.write(1, to: "own/first") }
            #expect(await seen.wait { $0.count == 2 })
            for number in 2..<20 {
                try await store.transact(main, "own", options: own) { try $0.write(number, to: "own/more") }
            }
            try await other.transact(main, "foreign") { try $0.write(1, to: "foreign") }
            #expect(await seen.wait { $0.flatMap(\.changes).contains { $0.path == "foreign" } })
            // By the same store, but not of the series.
            try await store.transact(main, "own", options: own) { try $0.write(20, to: "own/more") }
            try await store.transact(main, "not of the series") { try $0.write(1, to: "elsewhere") }
            #expect(await seen.wait { $0.flatMap(\.changes).contains { $0.path == "elsewhere" } })
            let events = seen.all.filter { $0.changes.contains { $0.path == "own/more" } }
            #expect(events.count <= 2, "18 commits of the series come only with those of others: \(events.count)")
            watch.cancel()
        }
    }

    /// For any sequence of own and foreign commits, each foreign change is delivered.
    @Test func noForeignChangeIsMissed() async throws {
        let seed = UInt64.random(in: .min ... .max)
        var random = SeededGenerator(seed: seed)
        let foreign = (0..<60).map { _ in Int.random(in: 0..<3, using: &random) == 0 }
        try await withAsyncDirectory { directory in
            let store = try Store(at: directory + "/store")
            let own = TransactionOptions(grouping: .own, series: CommitSeries())
            let seen = Collected<WatchEvent>()
            let watch = store.watch(main, excluding: own.series) { seen.add($0) }
            // All at once, so that several share a batch.
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (number, isForeign) in foreign.enumerated() {
                    group.addTask {
                        let options = isForeign ? TransactionOptions() : own
                        try await store.transact(main, "\(number)", options: options) {
                            try $0.write(number, to: StorePath("n\(number)"))
                        }
                    }
                    if number % 7 == 0 { try await group.waitForAll() }
                }
                try await group.waitForAll()
            }
            let expected = Set(foreign.indices.filter { foreign[$0] }.map { "n\($0)" })
            let isComplete = await seen.wait { events in
                expected.isSubset(of: events.flatMap(\.changes).map(\.path.description))
            }
            #expect(isComplete, "seed \(seed)")
            watch.cancel()
        }
    }

    @Test func watchesEndWithoutLeaks() async throws {
        try await withAsyncDirectory { directory in
            let store = try Store(at: directory + "/store")
            let threads = { try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count }
            let before = try threads()
            for round in 0..<50 {
                let seen = Collected<Bool>()
                let watch = store.watch(main) { seen.add($0.isInitial) }
                #expect(await seen.wait { !$0.isEmpty })
                if round.isMultiple(of: 2) { watch.cancel() }
            }
            // Threads of tests that run at the same time end; leaked ones would stay.
            for _ in 0..<300 where try threads() >= before + 40 { try await Task.sleep(for: .milliseconds(100)) }
            #expect(try threads() < before + 40, "a thread per watch would be 50 more")
        }
    }
}
