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
    private final class WorkerEvents: Sendable {
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

    private func assignments(_ fixture: JobGraphFixture) throws -> Int {
        try fixture.store().ephemeral.values(below: DispatchValues.assignments).count
    }

    /// It returns the jobs that it has not begun, and gets no more until it shows a sign of life: here by a report.
    @Test func aWorkerThatMakesNoProgressGetsNoMoreJobsUntilItDoes() async throws {
        let fixture = try JobGraphFixture([("a", []), ("b", []), ("c", [])])
        for name in ["a", "b", "c"] { fixture.hold(name) }
        var registration = WorkerRegistration.test(slots: 1)
        registration.backlog = 2
        let worker = try fixture.worker(registration, heartbeat: .seconds(3600))
        let events = WorkerEvents()
        let run = Task {
            try await fixture.run(slots: 0, stall: StallTimes(after: .milliseconds(500), lostAfter: .seconds(3600))) {
                events.add($0)
            }
        }
        try await waitUntil("one runs") { fixture.running.count == 1 }
        try await waitUntil("it counts as stalled") { events.all == ["stalled"] }
        try await waitUntil("the rest is given back") { try assignments(fixture) == 1 }
        for name in ["a", "b", "c"] { fixture.release(name) }
        try await run.value
        #expect(fixture.takeExecuted() == ["a": 1, "b": 1, "c": 1])
        #expect(!events.all.contains("lost"))
        worker.drain()
        await worker.end()
    }

    /// Its jobs go to others. When it notices that they are no longer its own, it registers again.
    @Test func silentWorkersAreReplacedAndReturn() async throws {
        let fixture = try JobGraphFixture([("a", []), ("b", ["a"])])
        fixture.hold("a")
        let silent = try fixture.worker(.test(slots: 1), heartbeat: .seconds(3600))
        let events = WorkerEvents()
        let run = Task {
            try await fixture.run(slots: 0, stall: StallTimes(after: .seconds(1), lostAfter: .seconds(3))) {
                events.add($0)
            }
        }
        try await waitUntil("it runs") { fixture.running == ["a"] }
        // If there is no other worker, the same one gets the job again once it has registered again.
        try await waitUntil("it was given up") { events.all.contains("lost") }
        try await waitUntil("it runs the job again") { fixture.begun >= 2 && fixture.running == ["a"] }
        fixture.release("a")
        try await run.value
        #expect(try fixture.outcomes() == ["a": .success, "b": .success])
        #expect(fixture.takeExecuted() == ["a": 1, "b": 1])
        silent.drain()
        await silent.end()
        let commits = try git("log", "--format=%s", "results/d/t", at: fixture.directory.path).split(separator: "\n")
        #expect(commits.count == 2, "each result is recorded once: \(commits)")
    }

    /// A worker whose process is suspended before it starts its only job is evicted, and registers again when it
    /// continues.
    @Test func aSuspendedWorkerRegistersAgain() async throws {
        let fixture = try JobGraphFixture([("a", [])])
        let (suspension, end) = AsyncStream.makeStream(of: Void.self)
        var registration = WorkerRegistration.test(slots: 1)
        registration.mode = .paused
        let suspended = try fixture.worker(registration, heartbeat: .milliseconds(20)) { event in
            if case .mode(.ready) = event { for await _ in suspension {} }
        }
        let events = WorkerEvents()
        let run = Task {
            try await fixture.run(slots: 0, stall: StallTimes(after: .seconds(1), lostAfter: .seconds(3))) {
                events.add($0)
            }
        }
        #expect(try DispatchValues(fixture.store().ephemeral).request(.ready, of: suspended.id))
        try await waitUntil("it was given up") { events.all.contains("lost") }
        end.finish()
        try await run.value
        #expect(try fixture.outcomes() == ["a": .success])
        #expect(fixture.takeExecuted() == ["a": 1])
        suspended.drain()
        await suspended.end()
    }
}
