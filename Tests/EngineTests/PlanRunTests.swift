import Agent
import Core
import Foundation
import Model
import Records
import RunnerInterface
import Store
import Synchronization
import TestSupport
import Testing

@testable import Engine

@Suite struct PlanRunTests {
    @Test func everyCellGetsItsVerdict() async throws {
        let fixture = Fixture(endings: ["b": .failure])
        try await fixture.run()
        #expect(
            fixture.outcomes == [
                "a.1": .success, "b.1": .failure, "c.1": .blocked, "d.1": .success, "e.1": .unsolvable,
            ])
        #expect(fixture.result("c.1")?.blockedBy?.description == "b.1")
        #expect(fixture.started == ["a", "b", "d"])
    }

    @Test func aSecondRunStartsNothing() async throws {
        let fixture = Fixture(endings: ["b": .failure])
        try await fixture.run()
        let recorded = fixture.recorded
        fixture.forgetStarts()
        try await fixture.run()
        #expect(fixture.started == [])
        #expect(fixture.recorded == recorded)
    }

    @Test(arguments: ["a", "b", "c", "d", "e"])
    func aDeletedResultIsMadeAgainAndNothingElse(name: String) async throws {
        let fixture = Fixture(endings: ["b": .failure])
        try await fixture.run()
        let before = fixture.outcomes
        fixture.forgetStarts()
        fixture.delete("\(name).1")
        try await fixture.run()
        #expect(fixture.outcomes == before)
        #expect(Set(fixture.started).isSubset(of: [name]))
    }

    @Test func infrastructureFailuresAreNotKept() async throws {
        let fixture = Fixture(endings: ["a": .infrastructure])
        try await fixture.run()
        #expect(fixture.outcomes["a.1"] == .infrastructure)
        #expect(fixture.outcomes["b.1"] == .blocked)
        #expect(fixture.started.filter { $0 == "a" }.count == 3)
        fixture.change(endings: [:])
        try await fixture.run()
        #expect(fixture.outcomes["a.1"] == .success)
        #expect(fixture.outcomes["b.1"] == .success)
    }

    @Test func aPermanentFailureOfTheInfrastructureIsNotTriedAgain() async throws {
        let fixture = Fixture(endings: ["a": .infrastructure])
        fixture.failForGood("a")
        try await fixture.run()
        #expect(fixture.outcomes["a.1"] == .infrastructure)
        #expect(fixture.outcomes["b.1"] == .blocked)
        #expect(fixture.started == ["a", "d"])
        fixture.change(endings: [:])
        try await fixture.run()
        #expect(fixture.outcomes["a.1"] == .success, "the next run tries it again")
    }

    @Test func earlierInfrastructureFailuresAreRecorded() async throws {
        let fixture = Fixture(endings: ["a": .infrastructure])
        fixture.recoverInThirdAttempt(of: "a")
        try await fixture.run()
        let result = try #require(fixture.result("a.1"))
        #expect(result.outcome == .success)
        #expect(result.attempts == 3)
        #expect(result.failedAttempts?.map(\.reason) == ["no disk 1", "no disk 2"])
        #expect(result.trailers.filter { $0.key == "Failed-attempt" }.map(\.value) == ["no disk 1", "no disk 2"])
        #expect(fixture.result("b.1")?.failedAttempts == nil)
        #expect(fixture.started == ["a", "a", "a", "b", "c", "d"])
    }

    @Test func aRealFailureIsNeverTriedAgain() async throws {
        let fixture = Fixture(endings: ["a": .failure])
        fixture.recoverInThirdAttempt(of: "a")
        try await fixture.run()
        #expect(fixture.outcomes["a.1"] == .failure)
        #expect(fixture.result("a.1")?.attempts == 1)
        #expect(fixture.started == ["a", "d"])
    }

    @Test func cancelledRunsAreResumed() async throws {
        let fixture = Fixture(endings: [:])
        let task = Task { try await fixture.run(stoppingAt: "b") }
        try await waitUntil("b runs") { fixture.started.contains("b") }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(fixture.outcomes["a.1"] == .success)
        #expect(fixture.outcomes["c.1"] == nil)
        fixture.forgetStarts()
        try await fixture.run()
        #expect(!fixture.started.contains("a"))
        #expect(fixture.outcomes["c.1"] == .success)
    }

    @Test func cellsThatAreGivenUpStopTheJobsThatOnlyTheyNeed() async throws {
        let fixture = Fixture(endings: [:])
        let (cells, continuation) = AsyncStream.makeStream(of: Set<Cell>.self)
        let task = Task { try await fixture.run(stoppingAt: "b", givingUp: cells) }
        try await waitUntil("b runs") { fixture.started.contains("b") }
        continuation.yield(Set(fixture.plan.cells.filter { ["b", "c"].contains($0.cell.package.name) }.map(\.cell)))
        try await task.value
        #expect(fixture.outcomes == ["a.1": .success, "d.1": .success, "e.1": .unsolvable])
        #expect(!fixture.started.contains("c"))
    }

    @Test func jobsNeededByAnotherCellContinue() async throws {
        let fixture = Fixture(endings: [:])
        let (cells, continuation) = AsyncStream.makeStream(of: Set<Cell>.self)
        continuation.yield(Set(fixture.plan.cells.filter { ["b"].contains($0.cell.package.name) }.map(\.cell)))
        try await fixture.run(givingUp: cells)
        #expect(fixture.outcomes["c.1"] == .success)
    }

    @Test func aRunRespectsCancellationsByOtherProcesses() async throws {
        let directory = try TemporaryDirectory()
        let fixture = Fixture(endings: [:])
        let store = try Store(at: directory.path)
        let cancelled = fixture.plan.cells.filter { ["b", "c"].contains($0.cell.package.name) }
        let branch = ResultBranch(deployment: "d", target: "t")
        func run(stoppingAt stop: String? = nil) -> Task<Void, any Error> {
            let run = DeploymentRun(
                store: store, plan: fixture.plan, runner: ScriptedRunner(fixture: fixture, stop: stop),
                registration: .test("d"))
            return Task { try await run.run(files: { _ in PackageFiles(opam: []) }, observe: { _ in }) }
        }
        func outcomes() throws -> [String: Outcome] {
            let table = try branch.table(in: store.snapshot(Branch(branch.name)))
            return Dictionary(
                fixture.plan.cells.compactMap { cell in
                    table.result(of: cell.cell).map { (cell.cell.package.description, $0.outcome) }
                }, uniquingKeysWith: { $1 })
        }
        let first = run(stoppingAt: "b")
        try await waitUntil("b runs") { fixture.started.contains("b") }
        func running() throws -> [JobProgress] {
            try DispatchValues(Store(opening: directory.path).ephemeral).running(of: "d")
        }
        // A job that has just been recorded is shown until its worker has noticed that.
        try await waitUntil("the step of b alone is told") { try running().map(\.step) == ["build"] }
        #expect(try running().map(\.cell) == [cancelled[0].cell])
        #expect(try running().map(\.host) == ["ci@openbsd"])
        #expect(try running().map(\.job) == [fixture.ids["b"]?.hex])
        try await store.transact(Branch(branch.name), "Cancel") { transaction in
            for cell in cancelled {
                let job = fixture.ids[cell.cell.package.name]
                let result = CellResult(cell: cell.cell, job: job, outcome: .cancelled, repositories: [])
                try branch.write(result, at: ResultPath.cell(cell.cell), in: transaction)
            }
        }
        try await first.value
        #expect(try running() == [], "what has ended runs no more")
        let stopped: [String: Outcome] = [
            "a.1": .success, "b.1": .cancelled, "c.1": .cancelled, "d.1": .success, "e.1": .unsolvable,
        ]
        #expect(try outcomes() == stopped)

        fixture.forgetStarts()
        try await run().value
        #expect(fixture.started == [], "what is cancelled stays so")

        try await store.transact(Branch(branch.name), "Forget") { transaction in
            for cell in cancelled { try branch.remove(at: ResultPath.cell(cell.cell), in: transaction) }
        }
        try await run().value
        #expect(fixture.started == ["b", "c"])
        #expect(try outcomes()["c.1"] == .success)
    }

    @Test func aLostLayerIsBuiltAgainWhenSomethingNeedsIt() async throws {
        let fixture = Fixture(endings: [:])
        try await fixture.run()
        fixture.forgetStarts()
        fixture.loseLayer(of: "a")
        fixture.delete("b.1")
        try await fixture.run()
        #expect(fixture.started == ["a", "b"])
    }
}

/// A plan of five cells (b depends on a, c on b, d on none, e is unsolvable) with a runner that ends jobs on demand.
private final class Fixture: Sendable {
    private struct State {
        var endings: [String: Outcome]
        var results: [String: CellResult] = [:]
        var started: [String] = []
        var lost: Set<Digest> = []
        var recovering: Set<String> = []
        var permanent: Set<String> = []
        var recorded = 0
    }

    private let state: Mutex<State>
    let plan: Plan
    let ids: [String: Digest]

    init(endings: [String: Outcome]) {
        state = Mutex(State(endings: endings))
        let plugin = Job.Plugin(name: "test", version: "1", digest: Digest(of: "plugin"))
        let environment = Digest(of: "environment")
        var jobs: [Digest: Job] = [:]
        var ids: [String: Digest] = [:]
        for (name, inputs) in [("a", []), ("b", ["a"]), ("c", ["b"]), ("d", [])] as [(String, [String])] {
            let job = Job(
                kind: .build, package: PackageVersion(name: name, version: "1"), opam: Digest(of: name),
                inputs: inputs.compactMap { ids[$0] }, compiler: "5.3.0", environment: environment, plugin: plugin)
            let id = Digest(of: job.document)
            jobs[id] = job
            ids[name] = id
        }
        let target = Plan.Target(
            name: "t", plugin: plugin, distribution: "t", version: nil, architecture: "x86_64", systemCompiler: false,
            options: [:], variables: [:], environment: environment, required: true)
        let names = ["a", "b", "c", "d", "e"]
        let cells = names.map { name in
            PlannedCell(
                cell: Cell(target: "t", compiler: "5.3.0", package: PackageVersion(name: name, version: "1")),
                basis: ids[name].map { .jobs(build: $0, test: nil) } ?? .unsolvable(explanation: "no such version"))
        }
        plan = Plan(deployment: "d", repositories: [], targets: [target], cells: cells, jobs: jobs)
        self.ids = ids
    }

    func run(stoppingAt stop: String? = nil, givingUp: AsyncStream<Set<Cell>>? = nil) async throws {
        let known = state.withLock { $0 }
        let table = Dictionary(
            known.results.values.compactMap { result in result.job.map { ($0, result) } },
            uniquingKeysWith: { first, second in first.outcome == .blocked ? second : first })
        let worklist = RunWorklist(
            plan: plan, wanted: { _ in true }, recorded: { known.results[ResultPath.cell($0)] },
            known: { id in
                guard let result = table[id], !known.lost.contains(id) else { return nil }
                return result.outcome == .success || result.outcome == .failure ? result : nil
            })
        let runner = ScriptedRunner(fixture: self, stop: stop)
        let values = DispatchValues(MemoryEphemeralValues())
        let blobs = MemoryBlobs()
        let lease = DispatcherLease(name: "test", host: "here", since: 0)
        let leadership = try #require(try Leadership.acquire("d", as: lease, in: values))
        let local = try LocalWorker(.init(values: values, blobs: blobs, runner: runner), .test("d"))
        let run = PlanRun(
            plan: plan, worklist: worklist,
            coordination: RunCoordination(values: values, blobs: blobs, leadership: leadership, local: local),
            backoff: .milliseconds(1),
            files: { _ in PackageFiles(opam: []) },
            record: { entry in
                self.state.withLock {
                    $0.results[entry.path] = entry.result
                    $0.recorded += 1
                }
            }, observe: { _ in }, cancellations: givingUp)
        let work = Task { try await run.run() }
        let result = await withTaskCancellationHandler {
            await work.result
        } onCancel: {
            work.cancel()
        }
        if case .success = result { local.drain() } else { local.stop() }
        await local.end()
        let left = try values.values.values(below: nil).keys.map(\.description).filter { !$0.hasPrefix("dispatchers/") }
        #expect(left == [], "assignments, reports and workers are gone")
        _ = try result.get()
    }

    var outcomes: [String: Outcome] {
        state.withLock { state in
            Dictionary(
                state.results.values.map { ($0.cell.package.description, $0.outcome) }, uniquingKeysWith: { $1 })
        }
    }
    var started: [String] { state.withLock { $0.started.sorted() } }
    var recorded: Int { state.withLock { $0.recorded } }

    func result(_ package: String) -> CellResult? {
        state.withLock { $0.results.values.first { $0.cell.package.description == package } }
    }
    func forgetStarts() { state.withLock { $0.started = [] } }
    func change(endings: [String: Outcome]) { state.withLock { $0.endings = endings } }
    func loseLayer(of name: String) { state.withLock { _ = $0.lost.insert(ids[name]!) } }
    func recoverInThirdAttempt(of name: String) { state.withLock { _ = $0.recovering.insert(name) } }
    func failForGood(_ name: String) { state.withLock { _ = $0.permanent.insert(name) } }
    func isPermanent(_ name: String) -> Bool { state.withLock { $0.permanent.contains(name) } }
    func delete(_ package: String) {
        state.withLock { state in
            state.results = state.results.filter { $0.value.cell.package.description != package }
        }
    }
    /// Ends the next run of a job, and returns the number of its runs.
    func start(_ name: String) -> (outcome: Outcome, attempt: Int) {
        state.withLock {
            $0.started.append(name)
            let attempt = $0.started.count { $0 == name }
            let hasRecovered = attempt == 3 && $0.recovering.contains(name)
            return (hasRecovered ? .success : $0.endings[name] ?? .success, attempt)
        }
    }
}

/// Ends each job with the outcome of the fixture; the job `stop` runs until it is stopped.
private struct ScriptedRunner: JobRunner {
    let fixture: Fixture
    let stop: String?

    func holds(layer: Digest) -> Bool { true }

    func run(_ request: JobRequest, progress: @escaping @Sendable (JobStep) -> Void) async -> JobReport {
        let name = request.job.package.name
        if name == stop {
            progress(JobStep("build", host: "ci@openbsd"))
            _ = fixture.start(name)
            try? await Task.sleep(for: .seconds(3_600))
            return JobReport(outcome: .cancelled, duration: 0)
        }
        let (outcome, attempt) = fixture.start(name)
        var report = JobReport(outcome: outcome, duration: 0)
        if outcome == .infrastructure { report.reason = "no disk \(attempt)" }
        report.isPermanent = fixture.isPermanent(name)
        report.layer = report.outcome == .success ? Digest(of: "layer \(name)") : nil
        return report
    }
}
