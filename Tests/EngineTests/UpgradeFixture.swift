import Core
import Model
import Records
import RunnerInterface
import Store
import Synchronization
import TestSupport

@testable import Engine

/// A deployment of one column whose plan changes from run to run.
final class UpgradeFixture: Sendable {
    let directory: TemporaryDirectory
    private let done = Mutex<[String]>([])
    /// The executed packages, in order.
    var executed: [String] { done.withLock { $0 } }

    init() throws {
        directory = try TemporaryDirectory()
    }

    /// Runs a plan of packages in some versions, separated by spaces.
    ///
    /// - Parameters:
    ///   - over: The package version that a package is built over, by name.
    ///   - failing: Whose builds fail, by name.
    /// - unavailable: The packages whose executions always end with an infrastructure failure.
    ///   - unsolvable: Which packages have no solution.
    ///   - succeedingAt: The execution, from 1, in which a failing package succeeds after all, by name.
    ///   - confirm: How often a failure that breaks a cell is confirmed.
    func run(
        _ packages: [String: String], over: [String: String] = [:], failing: Set<String> = [],
        unavailable: Set<String> = [], unsolvable: Set<String> = [],
        succeedingAt: [String: Int] = [:], confirm: Int? = 0
    ) async throws {
        let plugin = Job.Plugin(name: "p", version: "1", digest: Digest(of: "p"))
        let environment = Digest(of: "e")
        var jobs: [Digest: Job] = [:]
        func job(_ package: PackageVersion) -> Digest {
            let input = over[package.name].flatMap { PackageVersion($0) }.map(job)
            let job = Job(
                kind: .build, package: package, opam: Digest(of: "\(package)"), inputs: input.map { [$0] } ?? [],
                compiler: "5", environment: environment, plugin: plugin)
            let id = Digest(of: job.document)
            jobs[id] = job
            return id
        }
        let cells = packages.flatMap { name, versions in
            versions.split(separator: " ").map { version in
                let package = PackageVersion(name: name, version: String(version))
                return PlannedCell(
                    cell: Cell(target: "t", compiler: "5", package: package),
                    basis: unsolvable.contains(name)
                        ? .unsolvable(explanation: "no") : .jobs(build: job(package), test: nil))
            }
        }.sorted { $0.cell < $1.cell }
        let target = Plan.Target(
            name: "t", plugin: plugin, distribution: "t", version: nil, architecture: "x86_64", systemCompiler: false,
            options: [:], variables: [:], environment: environment, required: true)
        let plan = Plan(
            deployment: "d", repositories: [], targets: [target], cells: cells, jobs: jobs, confirm: confirm)
        let runner = Runner(fixture: self, failing: failing, unavailable: unavailable, succeedingAt: succeedingAt)
        let run = DeploymentRun(
            store: try store(), plan: plan, runner: runner, registration: .test(plan.deployment, slots: 1))
        try await run.run(files: { _ in PackageFiles(opam: []) }, observe: { _ in })
    }

    private func store() throws -> Store { try Store(at: directory.path, options: StoreOptions(durability: .process)) }

    /// The subjects of the commits of the results, oldest first.
    func subjects() throws -> [String] {
        try git("log", "--reverse", "--format=%s", "results/d/t", at: directory.path).split(separator: "\n").map(
            String.init)
    }

    /// The values of a trailer in the commits of the results that contain it, oldest first.
    func trailers(_ key: String) throws -> [String] {
        try git(
            "log", "--reverse", "--format=%(trailers:key=\(key),valueonly,separator=)", "results/d/t",
            at: directory.path
        ).split(separator: "\n").map(String.init)
    }

    func documents(_ path: String) throws -> [String] {
        try git("ls-tree", "-r", "--name-only", "results/d/t", "\(path)/", at: directory.path)
            .split(separator: "\n").map(String.init)
    }

    func result(_ package: String) throws -> CellResult? {
        let branch = ResultBranch(deployment: "d", target: "t")
        return try branch.table(in: store().snapshot(Branch(branch.name))).results.values.first {
            "\($0.cell.package)" == package
        }
    }

    /// The paths of all results in the index.
    func indexed() throws -> [String] {
        let branch = ResultBranch(deployment: "d", target: "t")
        return try branch.table(in: store().snapshot(Branch(branch.name))).results.keys.sorted()
    }

    private struct Runner: JobRunner {
        let fixture: UpgradeFixture
        let failing: Set<String>
        let unavailable: Set<String>
        let succeedingAt: [String: Int]

        func holds(layer: Digest) -> Bool { true }

        func run(_ request: JobRequest, progress: @escaping @Sendable (JobStep) -> Void) async -> JobReport {
            let package = request.job.package
            let number = fixture.done.withLock { done in
                done.append("\(package)")
                return done.count { $0 == "\(package)" }
            }
            var report = JobReport(outcome: .success, duration: 0)
            if failing.contains(package.name), succeedingAt[package.name] != number {
                (report.outcome, report.phase) = (.failure, .build)
                report.log = Digest(of: "log \(number) of \(package)")
            } else if unavailable.contains(package.name) {
                (report.outcome, report.isPermanent) = (.infrastructure, true)
            } else {
                report.layer = Digest(of: "\(package)")
            }
            return report
        }
    }
}
