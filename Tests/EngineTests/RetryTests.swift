import Core
import Model
import Records
import Store
import TestSupport
import Testing

@testable import Engine

@Suite struct RetryTests {
    private static let chain: [(name: String, over: [String])] = [("q1", []), ("q2", ["q1"]), ("q3", ["q2"])]

    @Test func retriedJobsRunOnceAndInOrder() async throws {
        let world = try StoredWorld(Self.chain)
        try await world.run()
        _ = world.takeExecuted()
        try await world.retry("q1", "q3")
        #expect(try world.outcomes() == ["q1": .success, "q2": .success, "q3": .success], "results stay visible")
        try await world.run()
        #expect(world.takeExecuted() == ["q1": 1, "q3": 1], "q2 is built over the same layer as before")
        #expect(try world.outcomes() == ["q1": .success, "q2": .success, "q3": .success])
        try await world.run()
        #expect(world.takeExecuted() == [:])
    }

    @Test func jobsOverAChangedLayerRunAgain() async throws {
        let world = try StoredWorld(Self.chain + [("other", [])])
        try await world.run()
        _ = world.takeExecuted()
        world.end("q1", .layer("new q1"))
        try await world.retry("q1")
        try await world.run()
        #expect(world.takeExecuted() == ["q1": 1, "q2": 1, "q3": 1])
        try await world.run()
        #expect(world.takeExecuted() == [:])
    }

    /// Results from before `base` existed: they count until they are needed upon an input that is executed again.
    @Test func resultsThatDoNotNameWhatIsBelowThemCountUntilThatRunsAgain() async throws {
        let world = try StoredWorld(Self.chain)
        try await world.run()
        _ = world.takeExecuted()
        let store = try world.store()
        let branch = ResultBranch(deployment: "d", target: "t")
        for (name, result) in try world.results() {
            var result = result
            result.base = nil
            try await store.transact(Branch(branch.name), result.message) { [result] in
                try branch.write(result, at: ResultPath.cell(world.cell(name)), in: $0)
            }
        }
        #expect(try world.results().values.allSatisfy { $0.base == nil })
        try await world.run()
        #expect(world.takeExecuted() == [:])
        try await world.retry("q1", "q3")
        try await world.run()
        #expect(world.takeExecuted() == ["q1": 1, "q2": 1, "q3": 1], "q2 does not know what it was built over")
        #expect(try world.results().values.allSatisfy { $0.base != nil })
        try await world.run()
        #expect(world.takeExecuted() == [:])
        #expect(try world.outcomes() == ["q1": .success, "q2": .success, "q3": .success])
    }

    @Test func aFailedRetryBlocksDependentJobs() async throws {
        let world = try StoredWorld(Self.chain)
        try await world.run()
        world.end("q1", .failure)
        try await world.retry("q1")
        try await world.run()
        #expect(try world.outcomes() == ["q1": .failure, "q2": .blocked, "q3": .blocked])
        _ = world.takeExecuted()
        world.end("q1", .layer("q1"))
        #expect(try await world.retry("q3").requests.map(\.cell) == [world.cell("q1")], "its cause is retried")
        try await world.run()
        #expect(world.takeExecuted() == ["q1": 1, "q2": 1, "q3": 1])
        #expect(try world.outcomes() == ["q1": .success, "q2": .success, "q3": .success])
    }

    @Test func aFailedBuildOfACellWithTestsIsRetried() async throws {
        let world = try StoredWorld([("a", []), ("a:test", ["a"])])
        world.end("a", .failure)
        try await world.run()
        #expect(try world.outcomes() == ["a": .failure])
        _ = world.takeExecuted()
        world.end("a", .layer("a"))
        try await world.retry("a")
        try await world.run()
        #expect(world.takeExecuted() == ["a": 1, "a:test": 1])
        #expect(try world.outcomes() == ["a": .success])
    }

    @Test func retriesOfAnotherDeploymentsResultsAreShared() async throws {
        let world = try StoredWorld([("a", []), ("b", ["a"])])
        world.end("a", .failure)
        let other = world.plan("other")
        try await world.run()
        try await world.run(other)
        #expect(world.takeExecuted() == ["a": 1])
        world.end("a", .layer("a"))
        try await world.retry("a", in: other)
        try await world.run(other)
        #expect(world.takeExecuted() == ["a": 1, "b": 1])
        try await world.run()
        #expect(world.takeExecuted() == [:], "one execution is enough for both")
        #expect(try world.outcomes() == ["a": .success, "b": .success])
        #expect(try world.results()["a"]?.execution == world.results("other")["a"]?.execution)
    }

    @Test func anotherDeploymentMayFulfilARequest() async throws {
        let world = try StoredWorld([("a", [])])
        world.end("a", .failure)
        try await world.run()
        try await world.run(world.plan("other"))
        _ = world.takeExecuted()
        try await world.retry("a")
        try await world.run(world.plan("other"))
        #expect(world.takeExecuted() == ["a": 1])
        try await world.run()
        #expect(world.takeExecuted() == [:])
        let branch = try Branch(RetryBranch(deployment: "d").name)
        #expect(try RetryBranch.requests(in: world.store().snapshot(branch)) == [], "what is fulfilled goes")
    }

    @Test func aRequestOutlastsInfrastructureFailures() async throws {
        let world = try StoredWorld([("a", []), ("b", ["a"])])
        try await world.run()
        try await world.run(world.plan("other"))
        world.end("a", .infrastructure)
        try await world.retry("a")
        try await world.run()
        #expect(try world.outcomes() == ["a": .infrastructure, "b": .success])
        _ = world.takeExecuted()
        world.end("a", .layer("a"))
        try await world.run()
        #expect(world.takeExecuted() == ["a": 1])
    }

    @Test func aCancelledCellBecomesPending() async throws {
        let world = try StoredWorld(Self.chain)
        let (store, branch) = (try world.store(), ResultBranch(deployment: "d", target: "t"))
        try await store.transact(Branch(branch.name), "Cancel") { transaction in
            let result = CellResult(
                cell: world.cell("q3"), job: world.ids["q3"], outcome: .cancelled, repositories: [])
            try branch.write(result, at: ResultPath.cell(result.cell), in: transaction)
        }
        try await world.run()
        #expect(world.takeExecuted() == ["q1": 1, "q2": 1])
        #expect(try await world.retry("q3").cancelled == [world.cell("q3")])
        #expect(try world.outcomes() == ["q1": .success, "q2": .success])
        try await world.run()
        #expect(world.takeExecuted() == ["q3": 1])
    }

    @Test func aRetryDuringARunIsTakenUpByIt() async throws {
        let world = try StoredWorld([("a", []), ("b", []), ("c", ["b"])])
        world.end("a", .failure)
        world.hold("c")
        let run = Task { try await world.run() }
        try await waitUntil("c runs") { world.running.contains("c") }
        try await waitUntil("a has a verdict") { try world.outcomes()["a"] != nil }
        world.end("a", .layer("a"))
        try await world.retry("a")
        world.release("c")
        try await run.value
        #expect(world.takeExecuted() == ["a": 2, "b": 1, "c": 1])
        #expect(try world.outcomes()["a"] == .success)
    }

    /// Random graphs, retried jobs and layers; runs that are interrupted at random, alone or concurrently: each retried
    /// job is executed once, and so is each job built upon a changed layer, and no other job.
    @Test func everyRetriedJobIsExecutedOnceWhateverHappens() async throws {
        var random = SeededGenerator()
        for round in 0..<12 {
            let world = try StoredWorld(StoredWorld.randomGraph(8, &random))
            let context: Comment = "seed \(random.seed), round \(round): \(world.graph)"
            try await world.run()
            _ = world.takeExecuted()
            let names = world.graph.map(\.name)
            let retried = names.filter { _ in Bool.random(using: &random) }
            let flipped = Set(names.filter { _ in Bool.random(using: &random) })
            for name in flipped { world.end(name, .layer("new \(name)")) }
            var expected: Set<String> = []
            for name in names
            where retried.contains(name) || world.below(name).contains(where: expected.intersection(flipped).contains) {
                expected.insert(name)
            }
            for name in retried { try await world.retry(name) }
            var limit = Int.random(in: 0..<4, using: &random)
            while true {
                let begun = world.begun
                let runs = (0..<Int.random(in: 1...2, using: &random)).map { _ in
                    Task { try await world.run(pause: 0...3) }
                }
                guard limit > 0 else {
                    for run in runs { try await run.value }
                    break
                }
                limit -= 1
                let count = Int.random(in: 0..<4, using: &random)
                for _ in 0..<50 where world.begun < begun + count { try await Task.sleep(for: .milliseconds(1)) }
                for run in runs { run.cancel() }
                for run in runs { _ = await run.result }
            }
            let executed = world.takeExecuted()
            #expect(Set(executed.keys) == expected, context)
            #expect(executed.values.allSatisfy { $0 == 1 }, context)
            #expect(world.ranTwiceAtOnce == [], context)
            #expect(try world.outcomes().values.allSatisfy { $0 == .success }, context)
        }
    }
}
