import Core
import Model
import Store
import Synchronization
import TestSupport
import Testing

@testable import Engine

/// Runs at the same time on one store, each with a handle of its own.
@Suite struct TwoRunsTests {
    private static let graph: [(name: String, over: [String])] = [
        ("a", []), ("b", ["a"]), ("c", ["a"]), ("d", ["b", "c"]), ("e", []),
    ]

    @Test(arguments: [["d", "d"], ["d", "other"], ["d", "d", "other", "third"]])
    func noJobIsExecutedTwice(deployments: [String]) async throws {
        let fixture = try JobGraphFixture(Self.graph)
        fixture.end("c", .failure)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for deployment in deployments {
                group.addTask { try await fixture.run(fixture.plan(deployment), pause: 5...20) }
            }
            try await group.waitForAll()
        }
        #expect(fixture.takeExecuted() == ["a": 1, "b": 1, "c": 1, "e": 1])
        for deployment in deployments {
            #expect(
                try fixture.outcomes(deployment) == [
                    "a": .success, "b": .success, "c": .failure, "d": .blocked, "e": .success,
                ])
        }
        let commits = try git("log", "--format=%s", "results/d/t", at: fixture.directory.path).split(separator: "\n")
        #expect(commits.count == 5, "each result is recorded once: \(commits)")
    }

    @Test func theSecondWaitsForTheVerdictAndReportsIt() async throws {
        let fixture = try JobGraphFixture([("a", []), ("b", ["a"])])
        fixture.hold("a")
        let first = Task { try await fixture.run() }
        try await waitUntil("a runs") { fixture.running.contains("a") }
        let events = Mutex<[String]>([])
        let second = Task {
            try await fixture.run(fixture.plan("other")) { event in
                switch event {
                case .waiting(_, let job, _): events.withLock { $0.append("waiting \(job.package.name)") }
                case .started(_, let job, _, _): events.withLock { $0.append("started \(job.package.name)") }
                case .adopted(_, let job, _, _): events.withLock { $0.append("adopted \(job.package.name)") }
                default: break
                }
            }
        }
        try await waitUntil("an event") { !events.withLock(\.isEmpty) }
        fixture.release("a")
        try await first.value
        try await second.value
        #expect(events.withLock { $0.prefix(2) } == ["waiting a", "adopted a"])
        #expect(fixture.takeExecuted() == ["a": 1, "b": 1])
    }

    @Test func awaitedJobsOccupyNoSlot() async throws {
        let fixture = try JobGraphFixture([("a", []), ("b", [])])
        fixture.hold("a")
        let first = Task { try await fixture.run(only: "a") }
        try await waitUntil("a runs") { fixture.running.contains("a") }
        let second = Task { try await fixture.run(fixture.plan("other"), slots: 1) }
        try await waitUntil("b has a verdict") { try fixture.outcomes("other")["b"] != nil }
        fixture.release("a")
        try await first.value
        try await second.value
        #expect(fixture.takeExecuted() == ["a": 1, "b": 1])
    }

    @Test func theSecondContinuesIfTheFirstEndsWithoutAVerdict() async throws {
        let fixture = try JobGraphFixture([("a", [])])
        fixture.hold("a")
        let first = Task { try await fixture.run() }
        try await waitUntil("a runs") { fixture.running.contains("a") }
        let second = Task { try await fixture.run(fixture.plan("other")) }
        first.cancel()
        _ = await first.result
        fixture.release("a")
        try await second.value
        #expect(fixture.takeExecuted() == ["a": 1])
        #expect(try fixture.outcomes("other") == ["a": .success])
        #expect(try fixture.outcomes() == [:])
        try await fixture.run()
        #expect(fixture.takeExecuted() == [:])
        #expect(try fixture.outcomes() == ["a": .success])
    }
}
