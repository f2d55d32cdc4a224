import Core
import Model
import Records
import Review
import Store
import TestSupport

/// A plan of two columns in a store of its own, whose verdicts a test records.
final class RecordedDeployment: Sendable {
    let directory: TemporaryDirectory
    let store: Store
    let jobs: [String: Digest]

    static let target = "debian-12"
    static let compilers = ["4.14.2", "5.3.0"]

    /// Plans the packages, each in version 1 and for both compilers; `tested` has a job of tests too.
    ///
    /// - Parameters:
    ///   - acceptances: The failures that are accepted, by package.
    ///   - others: Cells of other packages in those columns.
    init(
        _ packages: [String] = ["dune", "fmt", "lwt", "tested"], acceptances: [String: Acceptance] = [:],
        others: [PlannedCell] = []
    ) throws {
        directory = try TemporaryDirectory()
        store = try Store(at: directory("store"), options: StoreOptions(durability: .process))
        let environment = Digest(of: "environment")
        let plugin = Job.Plugin(name: "debian", version: "1", digest: Digest(of: "plugin"))
        var jobs: [String: Digest] = [:]
        var documents: [(id: Digest, document: [UInt8])] = []
        var cells: [PlannedCell] = []
        let files = PackageFiles(opam: Array("opam-version: \"2.0\"\n".utf8))
        for compiler in Self.compilers {
            for name in packages {
                let package = PackageVersion(name: name, version: "1")
                let inputs = name == "dune" ? [] : [jobs["\(compiler)/dune"]].compactMap { $0 }
                func job(_ kind: Job.Kind, over inputs: [Digest]) -> Digest {
                    let job = Job(
                        kind: kind, package: package, opam: files.digest, inputs: inputs.sorted(), compiler: compiler,
                        environment: environment, plugin: plugin)
                    documents.append((Digest(of: job.document), job.document))
                    return Digest(of: job.document)
                }
                let build = job(.build, over: inputs)
                jobs["\(compiler)/\(name)"] = build
                var test: Digest?
                if name == "tested" { test = job(.test, over: inputs + [build]) }
                var cell = PlannedCell(
                    cell: Cell(target: Self.target, compiler: compiler, package: package),
                    basis: .jobs(build: build, test: test), required: true)
                if let acceptance = acceptances[name] { (cell.accepted, cell.acceptance) = ("known", acceptance) }
                cells.append(cell)
            }
        }
        self.jobs = jobs
        cells += others
        let target = Plan.Target(
            name: Self.target, plugin: plugin, distribution: "debian", version: "12", architecture: "x86_64",
            systemCompiler: false, options: [:], variables: [:], environment: environment, required: true)
        let columns = Self.compilers.map { compiler in
            PlanColumn(
                target: Self.target, compiler: compiler,
                cells: CellCounts(cells.filter { $0.cell.compiler == compiler }))
        }
        let header = PlanHeader(
            deployment: "d", repositories: [], targets: [target], columns: columns, jobs: documents.count, inputs: nil)
        let shards = Dictionary(grouping: cells) { cell in
            CellShard(target: Self.target, compiler: cell.cell.compiler, package: cell.cell.package.name)
        }.map { PlanUpdate.Shard($0, cells: $1, previous: []) }
        let update = PlanUpdate(
            header: header, tasks: [], shards: shards, addedJobs: documents, removedJobs: [],
            addedPackages: [(files.digest, files)], removedPackages: [])
        _ = try PlanStore(store).write(PlanDocuments(update, over: nil), header)
    }

    func results() throws -> DeploymentResults { try DeploymentResults(store: store, deployment: "d") }

    /// Records the verdict on the job of `COMPILER/NAME`.
    func record(_ name: String, _ outcome: Outcome, _ change: (inout CellResult) throws -> Void = { _ in }) async throws
    {
        let parts = name.split(separator: "/").map(String.init)
        let cell = Cell(
            target: Self.target, compiler: parts[0], package: PackageVersion(name: parts[1], version: "1"))
        var result = CellResult(cell: cell, job: jobs[name], outcome: outcome, repositories: [])
        try change(&result)
        try await record(result, at: ResultPath.cell(cell))
    }

    /// Cells of a unikernel for two backends, passed as `others`.
    static let unikernels = ["dev@hvt", "dev@spt"].map(unikernel)

    /// A cell of that unikernel.
    static func unikernel(_ version: String) -> PlannedCell {
        PlannedCell(
            cell: Cell(
                target: target, compiler: compilers[1], package: PackageVersion(name: "hello", version: version)),
            basis: .jobs(build: Digest(of: version), test: nil), required: true)
    }

    /// Records the verdict on one of `unikernels`.
    func record(unikernel version: String, _ outcome: Outcome) async throws {
        let package = PackageVersion(name: "hello", version: version)
        let cell = Cell(target: Self.target, compiler: Self.compilers[1], package: package)
        let result = CellResult(cell: cell, job: Digest(of: version), outcome: outcome, repositories: [])
        try await record(result, at: ResultPath.cell(cell))
    }

    func record(_ result: CellResult, at path: String) async throws {
        let branch = ResultBranch(deployment: "d", target: Self.target)
        try await store.transact(Branch(branch.name), result.message(at: path)) {
            try branch.write(result, at: path, in: $0)
        }
    }
}
