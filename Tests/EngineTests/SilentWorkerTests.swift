import Agent
import Core
import Model
import Records
import Store
import Synchronization
import TestSupport
import Testing

@testable import Engine

/// Workers that are registered but show no sign of life.
@Suite struct SilentWorkerTests {
    /// The events of a run about workers.
    private final class Told: Sendable {
        private let words = Mutex<[String]>([])
        var all: [String] { words.withLock { $0 } }

        func add(_ event: RunEvent) {
            switch event {
            case .workerStalled: words.withLock { $0.append("stalled") }
            case .workerLost: words.withLock { $0.append("lost") }
            default: break
            }
        }
    }

    private func assignments(_ world: StoredWorld) throws -> Int {
        try world.store().ephemeral.values(below: DispatchValues.assignments).count
    }

    /// It returns the jobs that it has not begun, and gets no more until it shows a sign of life: here by a report.
    @Test func aWorkerThatMakesNoProgressGetsNoMoreJobsUntilItDoes() async throws {
        let world = try StoredWorld([("a", []), ("b", []), ("c", [])])
        for name in ["a", "b", "c"] { world.hold(name) }
        var registration = WorkerRegistration.test(slots: 1)
        registration.backlog = 2
        let worker = try world.worker(registration, heartbeat: .seconds(3600))
        let told = Told()
        let run = Task {
            try await world.run(slots: 0, stall: StallTimes(after: .milliseconds(500), lostAfter: .seconds(3600))) {
                told.add($0)
            }
        }
        try await waitUntil("one runs") { world.running.count == 1 }
        try await waitUntil("it counts as stalled") { told.all == ["stalled"] }
        try await waitUntil("the rest is given back") { try assignments(world) == 1 }
        for name in ["a", "b", "c"] { world.release(name) }
        try await run.value
        #expect(world.takeExecuted() == ["a": 1, "b": 1, "c": 1])
        #expect(!told.all.contains("lost"))
        worker.drain()
        await worker.end()
    }

    /// Its jobs go to others. When it notices that they are no longer its own, it registers again.
    @Test func silentWorkersAreReplacedAndReturn() async throws {
        let world = try StoredWorld([("a", []), ("b", ["a"])])
        world.hold("a")
        let silent = try world.worker(.test(slots: 1), heartbeat: .seconds(3600))
        let told = Told()
        let run = Task {
            try await world.run(slots: 0, stall: StallTimes(after: .seconds(1), lostAfter: .seconds(3))) {
                told.add($0)
            }
        }
        try await waitUntil("it runs") { world.running == ["a"] }
        // If there is no other worker, the same one gets the job again once it has registered again.
        try await waitUntil("it was given up") { told.all.contains("lost") }
        try await waitUntil("it runs the job again") { world.begun >= 2 && world.running == ["a"] }
        world.release("a")
        try await run.value
        #expect(try world.outcomes() == ["a": .success, "b": .success])
        #expect(world.takeExecuted() == ["a": 1, "b": 1])
        silent.drain()
        await silent.end()
        let commits = try git("log", "--format=%s", "results/d/t", at: world.directory.path).split(separator: "\n")
        #expect(commits.count == 2, "each result is recorded once: \(commits)")
    }

    /// A worker whose process is suspended before it starts its only job is evicted, and registers again when it
    /// continues.
    @Test func aSuspendedWorkerRegistersAgain() async throws {
        let world = try StoredWorld([("a", [])])
        let (suspension, end) = AsyncStream.makeStream(of: Void.self)
        var registration = WorkerRegistration.test(slots: 1)
        registration.mode = .paused
        let suspended = try world.worker(registration, heartbeat: .milliseconds(20)) { event in
            if case .mode(.ready) = event { for await _ in suspension {} }
        }
        let told = Told()
        let run = Task {
            try await world.run(slots: 0, stall: StallTimes(after: .seconds(1), lostAfter: .seconds(3))) {
                told.add($0)
            }
        }
        #expect(try DispatchValues(world.store().ephemeral).request(.ready, of: suspended.id))
        try await waitUntil("it was given up") { told.all.contains("lost") }
        end.finish()
        try await run.value
        #expect(try world.outcomes() == ["a": .success])
        #expect(world.takeExecuted() == ["a": 1])
        suspended.drain()
        await suspended.end()
    }
}
