import Model
import Synchronization
import TestSupport
import Testing

@testable import Engine

/// Runs that are drained: running jobs finish, no further job starts, the next run continues from there.
@Suite struct DrainTests {
    private static let graph: [(name: String, over: [String])] = [("a", []), ("b", ["a"]), ("c", ["b"]), ("d", [])]

    @Test func runningJobsFinishAndNoOthersStart() async throws {
        let fixture = try JobGraphFixture(Self.graph)
        fixture.hold("b")
        let drain = DrainRequest()
        let run = Task { try await fixture.run(drain: drain) }
        try await waitUntil("b runs") { fixture.running == ["b"] }
        drain.make()
        drain.make()
        fixture.release("b")
        await #expect(throws: CancellationError.self) { try await run.value }
        #expect(fixture.takeExecuted() == ["a": 1, "b": 1, "d": 1])
        #expect(try fixture.outcomes() == ["a": .success, "b": .success, "d": .success])
        try await fixture.run()
        #expect(fixture.takeExecuted() == ["c": 1])
    }

    @Test func anInfrastructureFailureIsNotRecordedAndNotTriedAgain() async throws {
        let fixture = try JobGraphFixture(Self.graph)
        fixture.hold("b")
        fixture.end("b", .infrastructure)
        let drain = DrainRequest()
        let run = Task { try await fixture.run(drain: drain) }
        try await waitUntil("b runs") { fixture.running == ["b"] }
        drain.make()
        fixture.release("b")
        await #expect(throws: CancellationError.self) { try await run.value }
        #expect(fixture.takeExecuted() == ["a": 1, "b": 1, "d": 1])
        #expect(try fixture.outcomes() == ["a": .success, "d": .success])
    }

    @Test func aRunThatWaitsForAnotherEnds() async throws {
        let fixture = try JobGraphFixture(Self.graph)
        fixture.hold("a")
        let other = Task { try await fixture.run() }
        try await waitUntil("a runs") { fixture.running.contains("a") }
        let drain = DrainRequest()
        let isWaiting = Mutex(false)
        let run = Task {
            try await fixture.run(fixture.plan("other"), drain: drain) { event in
                if case .waiting = event { isWaiting.withLock { $0 = true } }
            }
        }
        try await waitUntil("it waits") { isWaiting.withLock { $0 } }
        drain.make()
        await #expect(throws: CancellationError.self) { try await run.value }
        fixture.release("a")
        try await other.value
    }

    @Test func aRunIsDrainedBeforeItBegins() async throws {
        let fixture = try JobGraphFixture(Self.graph)
        let drain = DrainRequest()
        drain.make()
        await #expect(throws: CancellationError.self) { try await fixture.run(drain: drain) }
        #expect(fixture.begun == 0)
    }

    @Test func aDrainThatLeavesNothingUndoneIsNoInterruption() async throws {
        let fixture = try JobGraphFixture([("a", [])])
        fixture.hold("a")
        let drain = DrainRequest()
        let run = Task { try await fixture.run(drain: drain) }
        try await waitUntil("a runs") { fixture.running == ["a"] }
        drain.make()
        fixture.release("a")
        try await run.value
        #expect(try fixture.outcomes() == ["a": .success])
    }

    /// Random graphs, drained after a random number of starts: what started is recorded, and nothing is executed twice.
    @Test func everyJobIsExecutedOnceHoweverOftenRunsAreDrained() async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        for _ in 0..<10 {
            let fixture = try JobGraphFixture(JobGraphFixture.randomGraph(12, &random))
            for _ in 0..<20 {
                let drain = DrainRequest()
                let started = Mutex(Int.random(in: 1...4, using: &random))
                try? await fixture.run(drain: drain) { event in
                    guard case .started = event else { return }
                    if started.withLock({ left in
                        left -= 1
                        return left == 0
                    }) {
                        drain.make()
                    }
                }
            }
            try await fixture.run()
            #expect(fixture.takeExecuted().values.allSatisfy { $0 == 1 }, "seed \(seed)")
            #expect(fixture.begun == 12, "seed \(seed)")
        }
    }
}
