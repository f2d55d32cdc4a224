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
        let world = try StoredWorld(Self.graph)
        world.end("c", .failure)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for deployment in deployments {
                group.addTask { try await world.run(world.plan(deployment), pause: 5...20) }
            }
            try await group.waitForAll()
        }
        #expect(world.takeExecuted() == ["a": 1, "b": 1, "c": 1, "e": 1])
        for deployment in deployments {
            #expect(
                try world.outcomes(deployment) == [
                    "a": .success, "b": .success, "c": .failure, "d": .blocked, "e": .success,
                ])
        }
        let commits = try git("log", "--format=%s", "results/d/t", at: world.directory.path).split(separator: "\n")
        #expect(commits.count == 5, "each result is recorded once: \(commits)")
    }

    @Test func theSecondWaitsForTheVerdictAndReportsIt() async throws {
        let world = try StoredWorld([("a", []), ("b", ["a"])])
        world.hold("a")
        let first = Task { try await world.run() }
        try await waitUntil("a runs") { world.running.contains("a") }
        let events = Mutex<[String]>([])
        let second = Task {
            try await world.run(world.plan("other")) { event in
                switch event {
                case .waiting(_, let job, _): events.withLock { $0.append("waiting \(job.package.name)") }
                case .started(_, let job, _, _): events.withLock { $0.append("started \(job.package.name)") }
                case .adopted(_, let job, _, _): events.withLock { $0.append("adopted \(job.package.name)") }
                default: break
                }
            }
        }
        try await waitUntil("an event") { !events.withLock(\.isEmpty) }
        world.release("a")
        try await first.value
        try await second.value
        #expect(events.withLock { $0.prefix(2) } == ["waiting a", "adopted a"])
        #expect(world.takeExecuted() == ["a": 1, "b": 1])
    }

    @Test func awaitedJobsOccupyNoSlot() async throws {
        let world = try StoredWorld([("a", []), ("b", [])])
        world.hold("a")
        let first = Task { try await world.run(only: "a") }
        try await waitUntil("a runs") { world.running.contains("a") }
        let second = Task { try await world.run(world.plan("other"), slots: 1) }
        try await waitUntil("b has a verdict") { try world.outcomes("other")["b"] != nil }
        world.release("a")
        try await first.value
        try await second.value
        #expect(world.takeExecuted() == ["a": 1, "b": 1])
    }

    @Test func theSecondContinuesIfTheFirstEndsWithoutAVerdict() async throws {
        let world = try StoredWorld([("a", [])])
        world.hold("a")
        let first = Task { try await world.run() }
        try await waitUntil("a runs") { world.running.contains("a") }
        let second = Task { try await world.run(world.plan("other")) }
        first.cancel()
        _ = await first.result
        world.release("a")
        try await second.value
        #expect(world.takeExecuted() == ["a": 1])
        #expect(try world.outcomes("other") == ["a": .success])
        #expect(try world.outcomes() == [:])
        try await world.run()
        #expect(world.takeExecuted() == [:])
        #expect(try world.outcomes() == ["a": .success])
    }
}
