import Agent
import Core
import Foundation
import Model
import Records
import Store
import Synchronization
import TestSupport
import Testing

@testable import Engine

/// Workers whose changes of ephemeral values are refused or take long.
@Suite struct UnansweredChangesTests {
    private struct NoAnswer: Error {}

    private static let graph: [(name: String, over: [String])] = (0..<6).map { ("job\($0)", []) }

    /// Refuses changes that set reports.
    private final class Outage: Sendable {
        private let state = Mutex((isOver: false, refused: 0))

        /// The number of reports in the last refused change.
        var refused: Int { state.withLock(\.refused) }

        func end() { state.withLock { $0.isOver = true } }

        func check(_ changes: [StorePath: EphemeralChange]) throws {
            let reports = Self.reports(in: changes)
            try state.withLock { state in
                guard !reports.isEmpty, !state.isOver else { return }
                state.refused = reports.count
                throw NoAnswer()
            }
        }

        static func reports(in changes: [StorePath: EphemeralChange]) -> [StorePath] {
            changes.filter { $0.key.components.first == DispatchValues.reports.name && $0.value.bytes != nil }.map(
                \.key)
        }
    }

    /// A heartbeat writes the reports that could not be written before in one change.
    @Test func delayedReportsAreWrittenTogether() async throws {
        let outage = Outage()
        let values = RecordedChanges(MemoryEphemeralValues()) { try outage.check($0) }
        let fixture = try JobGraphFixture(Self.graph) { values }
        let worker = try fixture.worker(.test(slots: 6), heartbeat: .milliseconds(20))
        let run = Task { try await fixture.run(slots: 0) }
        try await waitUntil("a heartbeat has tried all reports") { outage.refused == Self.graph.count }
        #expect(values.all.allSatisfy { Outage.reports(in: $0).isEmpty })
        outage.end()
        try await run.value
        let written = values.all.map { Outage.reports(in: $0).count }.filter { $0 > 0 }
        #expect(written == [Self.graph.count])
        #expect(fixture.takeExecuted() == Dictionary(uniqueKeysWithValues: Self.graph.map { ($0.name, 1) }))
        worker.drain()
        await worker.end()
    }

    /// The heartbeats of all running jobs are one change.
    @Test func heartbeatsArePublishedTogether() async throws {
        let values = RecordedChanges(MemoryEphemeralValues())
        let fixture = try JobGraphFixture(Self.graph) { values }
        for (name, _) in Self.graph { fixture.hold(name) }
        let worker = try fixture.worker(.test(slots: 6), heartbeat: .milliseconds(20))
        let run = Task { try await fixture.run(slots: 0) }
        try await waitUntil("all jobs run") { fixture.running.count == Self.graph.count }
        func beats() -> [Int] {
            values.all.map { changes in
                changes.filter { path, change in
                    if case .version = change.expecting, path.components.first == DispatchValues.progress.name {
                        return change.bytes != nil
                    }
                    return false
                }.count
            }.filter { $0 > 0 }
        }
        try await waitUntil("a heartbeat is published") { beats().contains(Self.graph.count) }
        for (name, _) in Self.graph { fixture.release(name) }
        try await run.value
        worker.drain()
        await worker.end()
    }

    /// While more workers wait for remote values than the cooperative pool has threads, other tasks run.
    @Test func remoteValuesDoNotBlockTheCooperativePool() async throws {
        let count = ProcessInfo.processInfo.activeProcessorCount + 1
        let gate = Gate()
        let fixture = try JobGraphFixture(Self.graph)
        let values = RecordedChanges(MemoryEphemeralValues(), isRemote: true) { _ in gate.pass() }
        let blobs = try fixture.store().objects
        let workers = try (0..<count).map { _ in
            try fixture.worker(.test(slots: 1), on: DispatchValues(values), blobs)
        }
        gate.close()
        for worker in workers { worker.drain() }
        try await waitUntil("all workers wait") { gate.waiting == count }
        gate.open()
        for worker in workers { #expect(await worker.end() == .left) }
        #expect(gate.expired == 0, "tasks ran only after workers had stopped waiting")
    }

    /// Blocks the threads that pass while it is closed, for a limited time so that a failed test ends.
    private final class Gate: Sendable {
        private let state = Mutex((isClosed: false, waiting: 0, expired: 0))
        private let threads = DispatchSemaphore(value: 0)

        var waiting: Int { state.withLock(\.waiting) }
        var expired: Int { state.withLock(\.expired) }

        func close() { state.withLock { $0.isClosed = true } }

        func open() {
            let waiting = state.withLock { state in
                state.isClosed = false
                return state.waiting
            }
            for _ in 0..<waiting { threads.signal() }
        }

        func pass() {
            let isClosed = state.withLock { state in
                if state.isClosed { state.waiting += 1 }
                return state.isClosed
            }
            guard isClosed, threads.wait(timeout: .now() + 60) == .timedOut else { return }
            state.withLock { $0.expired += 1 }
        }
    }
}
