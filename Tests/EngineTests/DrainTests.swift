import Model
import Synchronization
import TestSupport
import Testing

@testable import Engine

/// Runs that are drained: running jobs finish, no further job starts, the next run continues from there.
@Suite struct DrainTests {
    private static let graph: [(name: String, over: [String])] = [("a", []), ("b", ["a"]), ("c", ["b"]), ("d", [])]

    @Test func runningJobsFinishAndNoOthersStart() async throws {
        let world = try StoredWorld(Self.graph)
        world.hold("b")
        let drain = DrainRequest()
        let run = Task { try await world.run(drain: drain) }
        try await waitUntil("b runs") { world.running == ["b"] }
        drain.make()
        drain.make()
        world.release("b")
        await #expect(throws: CancellationError.self) { try await run.value }
        #expect(world.takeExecuted() == ["a": 1, "b": 1, "d": 1])
        #expect(try world.outcomes() == ["a": .success, "b": .success, "d": .success])
        try await world.run()
        #expect(world.takeExecuted() == ["c": 1])
    }

    @Test func anInfrastructureFailureIsNotRecordedAndNotTriedAgain() async throws {
        let world = try StoredWorld(Self.graph)
        world.hold("b")
        world.end("b", .infrastructure)
        let drain = DrainRequest()
        let run = Task { try await world.run(drain: drain) }
        try await waitUntil("b runs") { world.running == ["b"] }
        drain.make()
        world.release("b")
        await #expect(throws: CancellationError.self) { try await run.value }
        #expect(world.takeExecuted() == ["a": 1, "b": 1, "d": 1])
        #expect(try world.outcomes() == ["a": .success, "d": .success])
    }

    @Test func aRunThatWaitsForAnotherEnds() async throws {
        let world = try StoredWorld(Self.graph)
        world.hold("a")
        let other = Task { try await world.run() }
        try await waitUntil("a runs") { world.running.contains("a") }
        let drain = DrainRequest()
        let isWaiting = Mutex(false)
        let run = Task {
            try await world.run(world.plan("other"), drain: drain) { event in
                if case .waiting = event { isWaiting.withLock { $0 = true } }
            }
        }
        try await waitUntil("it waits") { isWaiting.withLock { $0 } }
        drain.make()
        await #expect(throws: CancellationError.self) { try await run.value }
        world.release("a")
        try await other.value
    }

    @Test func aRunIsDrainedBeforeItBegins() async throws {
        let world = try StoredWorld(Self.graph)
        let drain = DrainRequest()
        drain.make()
        await #expect(throws: CancellationError.self) { try await world.run(drain: drain) }
        #expect(world.begun == 0)
    }

    @Test func aDrainThatLeavesNothingUndoneIsNoInterruption() async throws {
        let world = try StoredWorld([("a", [])])
        world.hold("a")
        let drain = DrainRequest()
        let run = Task { try await world.run(drain: drain) }
        try await waitUntil("a runs") { world.running == ["a"] }
        drain.make()
        world.release("a")
        try await run.value
        #expect(try world.outcomes() == ["a": .success])
    }

    /// Random graphs, drained after a random number of starts: what started is recorded, and nothing is executed twice.
    @Test func everyJobIsExecutedOnceHoweverOftenRunsAreDrained() async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        for _ in 0..<10 {
            let world = try StoredWorld(StoredWorld.randomGraph(12, &random))
            for _ in 0..<20 {
                let drain = DrainRequest()
                let started = Mutex(Int.random(in: 1...4, using: &random))
                try? await world.run(drain: drain) { event in
                    guard case .started = event else { return }
                    if started.withLock({ left in
                        left -= 1
                        return left == 0
                    }) {
                        drain.make()
                    }
                }
            }
            try await world.run()
            #expect(world.takeExecuted().values.allSatisfy { $0 == 1 }, "seed \(seed)")
            #expect(world.begun == 12, "seed \(seed)")
        }
    }
}
