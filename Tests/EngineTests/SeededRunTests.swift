import Core
import Model
import Records
import Review
import RunnerInterface
import Store
import Synchronization
import TestSupport
import Testing

@testable import Engine

/// Two runs of a deployment with an upgrade of every package in between, on a machine where one execution in a hundred
/// fails by chance, and one in a hundred because of the infrastructure.
@Suite struct SeededRunTests {
    @Test func allRegressionsAreReportedAndNoFlake() async throws {
        var random = SeededGenerator(printingSeedOf: #function)
        let fixture = try SeededFixture(packages: 150, regressions: 30, &random)
        try await fixture.run(version: "1")
        try await fixture.run(version: "2")
        let results = try fixture.results()

        // Cells that each command with such a report lists as broken.
        let expected = fixture.regressions.map { "\($0)" }
        let causes = try results.causes(picked: [Selector(parsing: "change:broken")])
        #expect(causes.flatMap { $0.cells.map { "\($0)" } }.sorted() == expected.sorted())
        #expect(causes.allSatisfy { $0.kind == .failure && $0.sinceRun == 2 })
        let waiting = Set(causes.flatMap(\.blocks))
        let standings = try results.summary().columns.reduce(into: [:]) { $0.merge($1.cells, uniquingKeysWith: +) }
        #expect(standings[.broken] == 30 && standings[.new] == nil, "\(standings)")
        let (before, after) = try (results.side(named: "1"), results.side(named: "2"))
        let difference = try results.difference(from: before, to: after, hasReasons: false)
        let broken = difference.changes.filter { $0.kind == .broken && $0.after == "failure" }
        #expect(broken.map(\.cell.description) == expected.sorted())
        let gate = try results.gate([], base: "1", allowsMissing: false)
        #expect(Set(gate.regressions.map(\.cell)) == waiting.union(fixture.regressions) && gate.decision == .regression)

        // Flakes occurred and were detected, and are not among those.
        let flaky = try results.cells(picked: [Selector(parsing: "change:flaky")]).map(\.cell)
        #expect(Set(flaky).isSubset(of: fixture.flakes) && Set(flaky).isDisjoint(with: fixture.regressions))
        let states = Dictionary(uniqueKeysWithValues: try results.states(picked: []).map { ($0.cell, $0) })
        for cell in fixture.flakes where !waiting.contains(cell) && !fixture.regressions.contains(cell) {
            #expect(states[cell]?.outcome == .success, "\(cell) failed by chance")
        }
        #expect(states.values.allSatisfy { $0.outcome != .infrastructure })
    }
}

/// A plan of two compilers whose packages all get a new version, and a runner that fails at random.
private final class SeededFixture: Sendable {
    private struct State {
        var executions: [Cell: Int] = [:]
        var flakes: Set<Cell> = []
    }

    private let directory: TemporaryDirectory
    private let seed: UInt64
    private let packages: Int
    private let state = Mutex(State())
    private static let compilers = ["4.14.2", "5.3.0"]
    /// The cells of the second version that always fail.
    let regressions: Set<Cell>

    init(packages: Int, regressions: Int, _ random: inout SeededGenerator) throws {
        directory = try TemporaryDirectory()
        seed = random.next()
        self.packages = packages
        // Packages without dependents fail themselves, whatever other packages fail.
        let cells = (packages / 3..<packages).flatMap { number in
            Self.compilers.map { Self.cell(number, "2", compiler: $0) }
        }
        self.regressions = Set(cells.shuffled(using: &random).prefix(regressions - 2)).union(
            Self.compilers.map { Self.cell(0, "2", compiler: $0) })
    }

    /// The cells of the second version that failed in some execution and were not to fail.
    var flakes: Set<Cell> { state.withLock(\.flakes) }

    private static func cell(_ number: Int, _ version: String, compiler: String) -> Cell {
        Cell(target: "t", compiler: compiler, package: PackageVersion(name: "p\(number)", version: version))
    }

    private func store() throws -> Store { try Store(at: directory.path, options: StoreOptions(durability: .process)) }

    func results() throws -> DeploymentResults { try DeploymentResults(store: store(), deployment: "d") }

    func run(version: String) async throws {
        let plan = plan(version)
        let header = PlanHeader(
            deployment: "d", repositories: [], targets: plan.targets,
            columns: Self.compilers.map { compiler in
                PlanColumn(
                    target: "t", compiler: compiler,
                    cells: CellCounts(plan.cells.filter { $0.cell.compiler == compiler }))
            }, jobs: plan.jobs.count, inputs: nil)
        let store = try store()
        let shards = Dictionary(grouping: plan.cells) {
            CellShard(target: "t", compiler: $0.cell.compiler, package: $0.cell.package.name)
        }.map { PlanUpdate.Shard($0, cells: $1, previous: []) }
        let update = PlanUpdate(
            header: header, tasks: [], shards: shards, addedJobs: plan.jobs.map { ($0, $1.document) }, removedJobs: [],
            addedPackages: [], removedPackages: [])
        _ = try PlanStore(store).write(PlanDocuments(update, over: nil), header)
        let run = DeploymentRun(
            store: store, plan: plan, runner: Runner(fixture: self), registration: .test("d", slots: 4))
        try await run.run(files: { _ in PackageFiles(opam: []) }, observe: { _ in })
    }

    /// In the first third of the packages, every tenth depends on `p0`; all others have no dependencies.
    private func plan(_ version: String) -> Plan {
        let plugin = Job.Plugin(name: "p", version: "1", digest: Digest(of: "p"))
        let environment = Digest(of: "e")
        var (jobs, cells): ([Digest: Job], [PlannedCell]) = ([:], [])
        for compiler in Self.compilers {
            var first: Digest?
            for number in 0..<packages {
                let cell = Self.cell(number, version, compiler: compiler)
                let inputs = number > 0 && number < packages / 3 && number % 10 == 0 ? [first].compactMap { $0 } : []
                let job = Job(
                    kind: .build, package: cell.package, opam: Digest(of: "\(cell)"), inputs: inputs,
                    compiler: compiler, environment: environment, plugin: plugin)
                let id = Digest(of: job.document)
                (jobs[id], first) = (job, first ?? id)
                cells.append(PlannedCell(cell: cell, basis: .jobs(build: id, test: nil), required: true))
            }
        }
        let target = Plan.Target(
            name: "t", plugin: plugin, distribution: "t", version: nil, architecture: "x86_64", systemCompiler: false,
            options: [:], variables: [:], environment: environment, required: true)
        return Plan(
            deployment: "d", repositories: [], targets: [target], cells: cells.sorted { $0.cell < $1.cell }, jobs: jobs,
            confirm: 3)
    }

    /// Whether something that happens once in a hundred times happens.
    private func happens(_ what: String, to cell: Cell, _ execution: Int) -> Bool {
        Int(Digest(of: "\(seed) \(what) \(cell) \(execution)").hex.prefix(8), radix: 16).map { $0 % 100 == 0 } ?? false
    }

    private struct Runner: JobRunner {
        let fixture: SeededFixture

        func holds(layer: Digest) -> Bool { true }

        func run(_ request: JobRequest, progress: @escaping @Sendable (JobStep) -> Void) async -> JobReport {
            let cell = Cell(target: "t", compiler: request.job.compiler, package: request.job.package)
            let number = fixture.state.withLock { state in
                state.executions[cell, default: 0] += 1
                return state.executions[cell, default: 0]
            }
            var report = JobReport(outcome: .success, duration: 0)
            let isRegression = fixture.regressions.contains(cell)
            // A cell that fails in the first run was never good, so its failure is not confirmed.
            let isFlake = cell.package.version == "2" && fixture.happens("flake", to: cell, number)
            if fixture.happens("infrastructure", to: cell, number) {
                (report.outcome, report.reason) = (.infrastructure, "the network is down")
            } else if isRegression || isFlake {
                (report.outcome, report.phase) = (.failure, .build)
                report.signature = isRegression ? "Error: Unbound module \(cell.package.name)" : "Segmentation fault"
                report.reason = report.signature
                if !isRegression { fixture.state.withLock { _ = $0.flakes.insert(cell) } }
            } else {
                report.layer = Digest(of: "\(cell) \(number)")
            }
            return report
        }
    }
}
