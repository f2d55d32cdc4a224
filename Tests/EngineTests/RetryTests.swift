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
        let fixture = try JobGraphFixture(Self.chain)
        try await fixture.run()
        _ = fixture.takeExecuted()
        try await fixture.retry("q1", "q3")
        #expect(try fixture.outcomes() == ["q1": .success, "q2": .success, "q3": .success], "results stay visible")
        try await fixture.run()
        #expect(fixture.takeExecuted() == ["q1": 1, "q3": 1], "q2 is built over the same layer as before")
        #expect(try fixture.outcomes() == ["q1": .success, "q2": .success, "q3": .success])
        try await fixture.run()
        #expect(fixture.takeExecuted() == [:])
    }

    @Test func jobsOverAChangedLayerRunAgain() async throws {
        let fixture = try JobGraphFixture(Self.chain + [("other", [])])
        try await fixture.run()
        _ = fixture.takeExecuted()
        fixture.end("q1", .layer("new q1"))
        try await fixture.retry("q1")
        try await fixture.run()
        #expect(fixture.takeExecuted() == ["q1": 1, "q2": 1, "q3": 1])
        try await fixture.run()
        #expect(fixture.takeExecuted() == [:])
    }

    /// Results from before `base` existed: they count until they are needed upon an input that is executed again.
    @Test func resultsThatDoNotNameWhatIsBelowThemCountUntilThatRunsAgain() async throws {
        let fixture = try JobGraphFixture(Self.chain)
        try await fixture.run()
        _ = fixture.takeExecuted()
        let store = try fixture.store()
        let branch = ResultBranch(deployment: "d", target: "t")
        for (name, result) in try fixture.results() {
            var result = result
            result.base = nil
            try await store.transact(Branch(branch.name), result.message) { [result] in
                try branch.write(result, at: ResultPath.cell(fixture.cell(name)), in: $0)
            }
        }
        #expect(try fixture.results().values.allSatisfy { $0.base == nil })
        try await fixture.run()
        #expect(fixture.takeExecuted() == [:])
        try await fixture.retry("q1", "q3")
        try await fixture.run()
        #expect(fixture.takeExecuted() == ["q1": 1, "q2": 1, "q3": 1], "q2 does not know what it was built over")
        #expect(try fixture.results().values.allSatisfy { $0.base != nil })
        try await fixture.run()
        #expect(fixture.takeExecuted() == [:])
        #expect(try fixture.outcomes() == ["q1": .success, "q2": .success, "q3": .success])
    }

    @Test func aFailedRetryBlocksDependentJobs() async throws {
        let fixture = try JobGraphFixture(Self.chain)
        try await fixture.run()
        fixture.end("q1", .failure)
        try await fixture.retry("q1")
        try await fixture.run()
        #expect(try fixture.outcomes() == ["q1": .failure, "q2": .blocked, "q3": .blocked])
        _ = fixture.takeExecuted()
        fixture.end("q1", .layer("q1"))
        #expect(try await fixture.retry("q3").requests.map(\.cell) == [fixture.cell("q1")], "its cause is retried")
        try await fixture.run()
        #expect(fixture.takeExecuted() == ["q1": 1, "q2": 1, "q3": 1])
        #expect(try fixture.outcomes() == ["q1": .success, "q2": .success, "q3": .success])
    }

    @Test func aFailedBuildOfACellWithTestsIsRetried() async throws {
        let fixture = try JobGraphFixture([("a", []), ("a:test", ["a"])])
        fixture.end("a", .failure)
        try await fixture.run()
        #expect(try fixture.outcomes() == ["a": .failure])
        _ = fixture.takeExecuted()
        fixture.end("a", .layer("a"))
        try await fixture.retry("a")
        try await fixture.run()
        #expect(fixture.takeExecuted() == ["a": 1, "a:test": 1])
        #expect(try fixture.outcomes() == ["a": .success])
    }

    @Test func retriesOfAnotherDeploymentsResultsAreShared() async throws {
        let fixture = try JobGraphFixture([("a", []), ("b", ["a"])])
        fixture.end("a", .failure)
        let other = fixture.plan("other")
        try await fixture.run()
        try await fixture.run(other)
        #expect(fixture.takeExecuted() == ["a": 1])
        fixture.end("a", .layer("a"))
        try await fixture.retry("a", in: other)
        try await fixture.run(other)
        #expect(fixture.takeExecuted() == ["a": 1, "b": 1])
        try await fixture.run()
        #expect(fixture.takeExecuted() == [:], "one execution is enough for both")
        #expect(try fixture.outcomes() == ["a": .success, "b": .success])
        #expect(try fixture.results()["a"]?.execution == fixture.results("other")["a"]?.execution)
    }

    @Test func anotherDeploymentMayFulfilARequest() async throws {
        let fixture = try JobGraphFixture([("a", [])])
        fixture.end("a", .failure)
        try await fixture.run()
        try await fixture.run(fixture.plan("other"))
        _ = fixture.takeExecuted()
        try await fixture.retry("a")
        try await fixture.run(fixture.plan("other"))
        #expect(fixture.takeExecuted() == ["a": 1])
        try await fixture.run()
        #expect(fixture.takeExecuted() == [:])
        let branch = try Branch(RetryBranch(deployment: "d").name)
        #expect(try RetryBranch.requests(in: fixture.store().snapshot(branch)) == [], "what is fulfilled goes")
    }

    @Test func aRequestOutlastsInfrastructureFailures() async throws {
        let fixture = try JobGraphFixture([("a", []), ("b", ["a"])])
        try await fixture.run()
        try await fixture.run(fixture.plan("other"))
        fixture.end("a", .infrastructure)
        try await fixture.retry("a")
        try await fixture.run()
        #expect(try fixture.outcomes() == ["a": .infrastructure, "b": .success])
        _ = fixture.takeExecuted()
        fixture.end("a", .layer("a"))
        try await fixture.run()
        #expect(fixture.takeExecuted() == ["a": 1])
    }

    @Test func aCancelledCellBecomesPending() async throws {
        let fixture = try JobGraphFixture(Self.chain)
        let (store, branch) = (try fixture.store(), ResultBranch(deployment: "d", target: "t"))
        try await store.transact(Branch(branch.name), "Cancel") { transaction in
            let result = CellResult(
                cell: fixture.cell("q3"), job: fixture.ids["q3"], outcome: .cancelled, repositories: [])
            try branch.write(result, at: ResultPath.cell(result.cell), in: transaction)
        }
        try await fixture.run()
        #expect(fixture.takeExecuted() == ["q1": 1, "q2": 1])
        #expect(try await fixture.retry("q3").cancelled == [fixture.cell("q3")])
        #expect(try fixture.outcomes() == ["q1": .success, "q2": .success])
        try await fixture.run()
        #expect(fixture.takeExecuted() == ["q3": 1])
    }

    @Test func aRetryDuringARunIsTakenUpByIt() async throws {
        let fixture = try JobGraphFixture([("a", []), ("b", []), ("c", ["b"])])
        fixture.end("a", .failure)
        fixture.hold("c")
        let run = Task { try await fixture.run() }
        try await waitUntil("c runs") { fixture.running.contains("c") }
        try await waitUntil("a has a verdict") { try fixture.outcomes()["a"] != nil }
        fixture.end("a", .layer("a"))
        try await fixture.retry("a")
        fixture.release("c")
        try await run.value
        #expect(fixture.takeExecuted() == ["a": 2, "b": 1, "c": 1])
        #expect(try fixture.outcomes()["a"] == .success)
    }

    /// Random graphs, retried jobs and layers; runs that are interrupted at random, alone or concurrently: each retried
    /// job is executed once, and so is each job built upon a changed layer, and no other job.
    @Test func everyRetriedJobIsExecutedOnceWhateverHappens() async throws {
        var random = SeededGenerator()
        for round in 0..<12 {
            let fixture = try JobGraphFixture(JobGraphFixture.randomGraph(8, &random))
            let context: Comment = "seed \(random.seed), round \(round): \(fixture.graph)"
            try await fixture.run()
            _ = fixture.takeExecuted()
            let names = fixture.graph.map(\.name)
            let retried = names.filter { _ in Bool.random(using: &random) }
            let flipped = Set(names.filter { _ in Bool.random(using: &random) })
            for name in flipped { fixture.end(name, .layer("new \(name)")) }
            var expected: Set<String> = []
            for name in names
            where retried.contains(name) || fixture.below(name).contains(where: expected.intersection(flipped).contains)
            {
                expected.insert(name)
            }
            for name in retried { try await fixture.retry(name) }
            var limit = Int.random(in: 0..<4, using: &random)
            while true {
                let begun = fixture.begun
                let runs = (0..<Int.random(in: 1...2, using: &random)).map { _ in
                    Task { try await fixture.run(pause: 0...3) }
                }
                guard limit > 0 else {
                    for run in runs { try await run.value }
                    break
                }
                limit -= 1
                let count = Int.random(in: 0..<4, using: &random)
                for _ in 0..<50 where fixture.begun < begun + count { try await Task.sleep(for: .milliseconds(1)) }
                for run in runs { run.cancel() }
                for run in runs { _ = await run.result }
            }
            let executed = fixture.takeExecuted()
            #expect(Set(executed.keys) == expected, context)
            #expect(executed.values.allSatisfy { $0 == 1 }, context)
            #expect(fixture.ranTwiceAtOnce == [], context)
            #expect(try fixture.outcomes().values.allSatisfy { $0 == .success }, context)
        }
    }
}
