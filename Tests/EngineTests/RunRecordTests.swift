import Core
import Foundation
import Model
import Records
import Store
import TestSupport
import Testing

@testable import Engine

@Suite struct RunRecordTests {
    private static let graph: [(name: String, over: [String])] = [("a", []), ("b", ["a"]), ("c", ["b"])]

    @Test func runsAreRecordedWithCountsAndBranchHeads() async throws {
        let fixture = try JobGraphFixture(Self.graph)
        fixture.end("b", .failure)
        try await fixture.run()
        let store = try fixture.store()
        let runs = RunRecords(of: "d", in: store)
        let first = try #require(try runs.record(1))
        #expect(first.ending == .finished)
        #expect(first.trigger == "manual")
        #expect(first.selectors == nil)
        #expect(first.before == [:])
        #expect(try first.after == ["t": "\(#require(store.snapshot(Branch("results/d/t")).commit))"])
        #expect(try first.begin <= #require(first.end))
        #expect(first.cells == ["success": 1, "failure": 1, "blocked": 1])
        #expect(first.changes == ["new": 3])

        fixture.end("b", .layer("b"))
        try await fixture.retry("b")
        try await fixture.run(only: "b")
        let second = try #require(try runs.record(2))
        #expect(second.selectors == ["b"])
        #expect(second.before == first.after)
        #expect(second.changes == ["fixed": 1])
        #expect(second.cells == ["success": 2, "blocked": 1], "c was not to be run")
        #expect(try runs.newest().map(\.number) == [2, 1])
        #expect(try runs.record(3) == nil)
    }

    @Test func everyResultNamesItsRunAndPlan() async throws {
        let fixture = try JobGraphFixture(Self.graph)
        let plan = try fixture.writePlan()
        try await fixture.run()
        let trailers = try git(
            "log", "--format=%(trailers:key=Run,valueonly,separator=) %(trailers:key=Plan,valueonly,separator=)",
            "results/d/t", at: fixture.directory.path
        ).split(separator: "\n")
        #expect(trailers.count == 3 && trailers.allSatisfy { $0 == "1 \(plan)" }, "\(trailers)")
        #expect(try fixture.results().values.allSatisfy { $0.run == 1 })
        #expect(try RunRecords(of: "d", in: fixture.store()).record(1)?.plan == "\(plan)")

        // The records of runs are on the branch of the plan, and do not change the plan.
        let plans = PlanStore(try fixture.store())
        #expect(try plans.commit(of: "d").map { "\($0)" } == plan)
        #expect(try plans.documents("d").base?.commit.map { "\($0)" } == plan)
        #expect(try git("log", "--format=%s", "d", at: fixture.directory.path).split(separator: "\n").count == 3)
        try await fixture.run()
        #expect(try RunRecords(of: "d", in: fixture.store()).record(2)?.plan == "\(plan)")
        let again = try fixture.writePlan()
        #expect(again == plan, "an equal plan is no new commit")
        #expect(try RunRecords(of: "d", in: fixture.store()).newest().count == 2, "planning keeps the runs")
    }

    @Test func anInterruptedRunIsRecorded() async throws {
        let fixture = try JobGraphFixture(Self.graph)
        fixture.hold("b")
        let task = Task { try await fixture.run() }
        try await waitUntil("b runs") { fixture.running.contains("b") }
        let runs = RunRecords(of: "d", in: try fixture.store())
        #expect(try runs.record(1)?.ending == nil, "it is alive")
        task.cancel()
        _ = await task.result
        let record = try #require(try runs.record(1))
        #expect(record.ending == .interrupted)
        #expect(record.end != nil)
        #expect(record.changes == ["new": 1])
        #expect(record.cells == nil)
    }

    /// The state after a process was killed: a record without an end, and no ephemeral value.
    @Test func aRunWhoseProcessDiedReadsAsInterruptedAndIsClosedByTheNext() async throws {
        let fixture = try JobGraphFixture(Self.graph)
        let store = try fixture.store()
        let runs = RunRecords(of: "d", in: store)
        let owner = try store.ephemeral.join("run")
        let other = try store.ephemeral.join("run")
        _ = try runs.begin(trigger: "schedule", selectors: [], targets: ["t"], at: 1, owner: owner)
        _ = try runs.begin(trigger: "push", selectors: [], targets: ["t"], at: 2, owner: other)
        #expect(try runs.newest().map(\.ending) == [nil, nil])
        owner.leave()
        #expect(try runs.newest().map(\.ending) == [nil, .interrupted])
        try await fixture.run()
        #expect(try runs.newest().map(\.ending) == [.finished, nil, .interrupted])
        #expect(try runs.newest().map(\.trigger) == ["manual", "push", "schedule"])
        let closed = try store.snapshot(Branch("d")).value(at: RunRecords.path(of: 1))
        #expect(closed?.ending == .interrupted, "the document says so, too")
        #expect(closed?.end == nil)
        other.leave()
    }

    @Test func runsAtOnceHaveNumbersOfTheirOwn() async throws {
        let fixture = try JobGraphFixture(Self.graph)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 { group.addTask { try await fixture.run(pause: 1...5) } }
            try await group.waitForAll()
        }
        let runs = try RunRecords(of: "d", in: fixture.store()).newest()
        // Those that only worked for another run have no record of their own.
        #expect((1...4).contains(runs.count))
        #expect(runs.map(\.number) == (1...runs.count).reversed())
        #expect(runs.allSatisfy { $0.ending == .finished })
        #expect(runs.reduce(0) { $0 + ($1.changes?["new"] ?? 0) } == 3, "each result is of one run")
    }

    @Test func aThousandthRunIsFound() throws {
        let fixture = try JobGraphFixture([])
        let store = try fixture.store()
        try store.transact(Branch("d"), "Runs\n\nRun: 1000\n") { transaction in
            for number in [998, 999, 1000] {
                var record = RunRecord(number: number, plan: nil, trigger: "manual", begin: 0, before: [:])
                record.ending = .finished
                try transaction.write(record, to: RunRecords.path(of: number))
            }
        }
        let runs = RunRecords(of: "d", in: store)
        let owner = try store.ephemeral.join("run")
        #expect(try runs.begin(trigger: "manual", selectors: [], targets: [], at: 0, owner: owner).number == 1001)
        #expect(try runs.newest(limit: 3).map(\.number) == [1001, 1000, 999])
        owner.leave()
    }
}
