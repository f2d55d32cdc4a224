import Agent
import Core
import Model
import Records
import RunnerInterface
import Store
import Synchronization
import TestSupport

@testable import Engine

/// A store, a graph of jobs on one target, and runs of it that execute nothing but record the jobs to execute.
final class JobGraphFixture: Sendable {
    /// How an execution ends.
    enum Ending: Hashable {
        /// With a layer of this content.
        case layer(String)
        case failure
        case infrastructure
    }

    private struct State {
        var endings: [String: Ending] = [:]
        /// By name, how often an execution came to its end.
        var executed: [String: Int] = [:]
        var running: [String: Int] = [:]
        var begun = 0
        var ranTwiceAtOnce: Set<String> = []
        var lost: Set<Digest> = []
        var held: Set<String> = []
        var shortage: String?
    }

    private let state = Mutex(State())
    let directory: TemporaryDirectory
    /// The inputs of each job, by name, inputs first.
    let graph: [(name: String, over: [String])]
    let ids: [String: Digest]
    let jobs: [Digest: Job]
    private let target: Plan.Target
    /// Makes the handle of a process on the ephemeral values; nil: the store's files.
    private let coordination: @Sendable () -> (any EphemeralValues)?
    private let shared: (any BlobStore)?

    /// - Parameters:
    ///   - graph: The job `NAME:test` runs the tests of the cell `NAME`, and is built over its job.
    ///   - shared: The blobs of all machines.
    init(
        _ graph: [(name: String, over: [String])], sharing shared: (any BlobStore)? = nil,
        coordination: @escaping @Sendable () -> (any EphemeralValues)? = { nil }
    ) throws {
        self.graph = graph
        self.shared = shared
        self.coordination = coordination
        directory = try TemporaryDirectory()
        let plugin = Job.Plugin(name: "p", version: "1", digest: Digest(of: "p"))
        var ids: [String: Digest] = [:]
        var jobs: [Digest: Job] = [:]
        for (name, over) in graph {
            let job = Job(
                kind: name.hasSuffix(":test") ? .test : .build,
                package: PackageVersion(name: name.replacing(":test", with: ""), version: "1"), opam: Digest(of: name),
                inputs: over.compactMap { ids[$0] }.sorted(), compiler: "5", environment: Digest(of: "e"),
                plugin: plugin)
            let id = Digest(of: job.document)
            (ids[name], jobs[id]) = (id, job)
        }
        (self.ids, self.jobs) = (ids, jobs)
        target = Plan.Target(
            name: "t", plugin: plugin, distribution: "t", version: nil, architecture: "x86_64", systemCompiler: false,
            options: [:], variables: [:], environment: Digest(of: "e"), required: true)
        _ = try store()
    }

    func store() throws -> Store { try Store(at: directory.path, options: options) }

    private var options: StoreOptions {
        var options = StoreOptions(durability: .process)
        options.coordination = coordination()
        options.sharedObjects = shared
        return options
    }

    /// The plan of a deployment in which each job is a cell but those in `hidden` and those that have a test job.
    func plan(_ deployment: String = "d", hidden: Set<String> = []) -> Plan {
        let cells = graph.map(\.name).filter { !$0.hasSuffix(":test") && !hidden.contains($0) }.map { name in
            PlannedCell(cell: cell(name), basis: .jobs(build: ids[name]!, test: ids["\(name):test"]))
        }
        return Plan(deployment: deployment, repositories: [], targets: [target], cells: cells, jobs: jobs, confirm: 0)
    }

    func cell(_ name: String) -> Cell {
        Cell(target: "t", compiler: "5", package: PackageVersion(name: name, version: "1"))
    }

    func name(of job: Job) -> String { job.package.name + (job.kind == .test ? ":test" : "") }

    /// Runs a deployment with a handle of its own on the store, as another process would have.
    func run(
        _ plan: Plan? = nil, only: String? = nil, slots: Int = 2, pause: ClosedRange<Int> = 0...0,
        policy: DeploymentRun.Policy = .join, drain: DrainRequest = DrainRequest(),
        stall: StallTimes = StallTimes(),
        observe: @escaping @Sendable (RunEvent) async -> Void = { _ in }
    ) async throws {
        let plan = plan ?? self.plan()
        let selector = only.flatMap { Selector($0) }
        let run = DeploymentRun(
            store: try store(), plan: plan, runner: Runner(fixture: self, pause: pause),
            registration: .test(plan.deployment, slots: slots), selectors: selector.map { [$0] } ?? [],
            picked: selector.map { selector in Set(plan.cells.map(\.cell).filter(selector.picks(name:))) },
            policy: policy, drain: drain, stall: stall)
        try await run.run(files: { _ in PackageFiles(opam: []) }, observe: observe)
    }

    /// Writes the plan into the store; returns its commit.
    func writePlan(_ plan: Plan? = nil) throws -> String {
        let plan = plan ?? self.plan()
        let header = PlanHeader(
            deployment: plan.deployment, repositories: [], targets: plan.targets, columns: [], jobs: jobs.count,
            inputs: nil)
        let shards = Dictionary(grouping: plan.cells) {
            CellShard(target: $0.cell.target, compiler: $0.cell.compiler, package: $0.cell.package.name)
        }.map { PlanUpdate.Shard($0, cells: $1, previous: []) }
        let update = PlanUpdate(
            header: header, tasks: [], shards: shards, addedJobs: jobs.map { ($0, $1.document) }, removedJobs: [],
            addedPackages: [], removedPackages: [])
        let (snapshot, _) = try PlanStore(store()).write(PlanDocuments(update, over: nil), header)
        return snapshot.commit.map { "\($0)" } ?? ""
    }

    /// A worker with a handle of its own on the store, as another process would have.
    ///
    /// - Parameter isBroken: Whether its jobs fail for good, because of its machine.
    func worker(
        _ registration: WorkerRegistration = .test(), heartbeat: Duration = .seconds(10), isBroken: Bool = false,
        observe: @escaping @Sendable (WorkerAgent.Event) async -> Void = { _ in }
    ) throws -> WorkerAgent {
        let store = try WorkerStore(opening: directory.path, options: options)
        return try WorkerAgent(
            .init(
                values: DispatchValues(store.ephemeral), blobs: shared ?? store.objects,
                runner: Runner(fixture: self, pause: 0...0, isBroken: isBroken), heartbeat: heartbeat), registration,
            observe: observe)
    }

    /// A worker on other values than those of the store.
    func worker(
        _ registration: WorkerRegistration, on values: DispatchValues, _ blobs: any BlobStore
    ) throws -> WorkerAgent {
        try WorkerAgent(
            .init(values: values, blobs: blobs, runner: Runner(fixture: self, pause: 0...0)), registration)
    }

    /// Requests a retry of cells.
    @discardableResult
    func retry(_ names: String..., in plan: Plan? = nil) async throws -> RetryPlan {
        let plan = plan ?? self.plan()
        let header = PlanHeader(
            deployment: plan.deployment, repositories: [], targets: plan.targets, columns: [], jobs: jobs.count,
            inputs: nil)
        let update = PlanUpdate(
            header: header, tasks: [], shards: [], addedJobs: jobs.map { ($0, $1.document) }, removedJobs: [],
            addedPackages: [], removedPackages: [])
        let documents = try PlanDocuments(update, over: nil)
        let store = try store()
        let cells = plan.cells.filter { names.contains($0.cell.package.name) }
        let retry = try RetryPlan(of: cells, in: documents, of: header, store: store)
        try await retry.record(in: store)
        return retry
    }

    /// The outcomes of the cells of a deployment.
    func outcomes(_ deployment: String = "d") throws -> [String: Outcome] {
        try results(deployment).mapValues(\.outcome)
    }

    func results(_ deployment: String = "d") throws -> [String: CellResult] {
        let branch = ResultBranch(deployment: deployment, target: "t")
        let store = try store()
        let table = try branch.table(in: store.snapshot(Branch(branch.name)))
        return Dictionary(
            uniqueKeysWithValues: graph.map(\.name).compactMap { name in
                table.result(of: cell(name)).map { (name, $0) }
            })
    }

    // MARK: Results of the runs

    /// How often an execution of each job came to its end, since this was called last.
    func takeExecuted() -> [String: Int] {
        state.withLock { state in
            defer { state.executed = [:] }
            return state.executed
        }
    }

    var begun: Int { state.withLock(\.begun) }
    var ranTwiceAtOnce: Set<String> { state.withLock(\.ranTwiceAtOnce) }
    var running: Set<String> { state.withLock { Set($0.running.filter { $0.value > 0 }.keys) } }

    func end(_ name: String, _ ending: Ending) { state.withLock { $0.endings[name] = ending } }
    func ending(of name: String) -> Ending { state.withLock { $0.endings[name] ?? .layer(name) } }
    func lose(_ content: String) { state.withLock { _ = $0.lost.insert(Digest(of: content)) } }
    /// Executions of a job last until it is released.
    func hold(_ name: String) { state.withLock { _ = $0.held.insert(name) } }
    func release(_ name: String) { state.withLock { _ = $0.held.remove(name) } }

    /// What the machine of the workers lacks.
    func set(shortage: String?) { state.withLock { $0.shortage = shortage } }

    private struct Runner: JobRunner {
        let fixture: JobGraphFixture
        let pause: ClosedRange<Int>
        var isBroken = false

        var shortage: String? { fixture.state.withLock(\.shortage) }

        func holds(layer: Digest) -> Bool { fixture.state.withLock { !$0.lost.contains(layer) } }

        func run(_ request: JobRequest, progress: @escaping @Sendable (JobStep) -> Void) async -> JobReport {
            let name = fixture.name(of: request.job)
            fixture.state.withLock { state in
                state.begun += 1
                state.running[name, default: 0] += 1
                if state.running[name, default: 0] > 1 { state.ranTwiceAtOnce.insert(name) }
            }
            defer { fixture.state.withLock { $0.running[name, default: 0] -= 1 } }
            try? await Task.sleep(for: .milliseconds(Int.random(in: pause)))
            while !Task.isCancelled, fixture.state.withLock({ $0.held.contains(name) }) {
                try? await Task.sleep(for: .milliseconds(2))
            }
            if Task.isCancelled { return JobReport(outcome: .cancelled, duration: 0) }
            fixture.state.withLock { $0.executed[name, default: 0] += 1 }
            var report: JobReport
            switch fixture.ending(of: name) {
            case .layer(let content):
                report = JobReport(outcome: .success, duration: 0)
                if request.job.kind == .build { report.layer = Digest(of: content) }
                fixture.state.withLock { _ = $0.lost.remove(Digest(of: content)) }
            case .failure: report = JobReport(outcome: .failure, duration: 0)
            case .infrastructure: report = JobReport(outcome: .infrastructure, duration: 0)
            }
            if isBroken {
                report = JobReport(outcome: .infrastructure, duration: 0)
                report.isPermanent = true
            }
            return report
        }
    }
}

extension JobGraphFixture {
    /// A graph of jobs `j0`, `j1`, …, each with some of the earlier ones as inputs.
    static func randomGraph(_ count: Int, _ random: inout SeededGenerator) -> [(name: String, over: [String])] {
        (0..<count).map { number in
            ("j\(number)", (0..<number).filter { _ in Int.random(in: 0..<number, using: &random) < 2 }.map { "j\($0)" })
        }
    }

    /// All that a job is built over, directly or not.
    func below(_ name: String) -> Set<String> {
        let over = graph.first { $0.name == name }?.over ?? []
        return over.reduce(into: Set(over)) { $0.formUnion(below($1)) }
    }
}

extension WorkerRegistration {
    /// The worker of a run of a test.
    static func test(_ deployment: String? = nil, slots: Int = 2) -> WorkerRegistration {
        WorkerRegistration(
            name: "test", host: "here", version: "1", deployment: deployment, slots: slots, cache: "c", since: 0)
    }
}

/// Blobs in memory.
final class MemoryBlobs: BlobStore {
    private let blobs = Mutex<[Digest: [UInt8]]>([:])

    func put(_ bytes: [UInt8], durably: Bool) -> Digest {
        let digest = Digest(of: bytes)
        blobs.withLock { $0[digest] = bytes }
        return digest
    }
    func bytes(of digest: Digest) -> [UInt8]? { blobs.withLock { $0[digest] } }
    func remove(_ digest: Digest) { blobs.withLock { $0[digest] = nil } }
    var count: Int { blobs.withLock(\.count) }
}
