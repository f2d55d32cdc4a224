package import Core
package import Model
package import Records
package import Store

/// What the store knows of a plan's cells and jobs, results of other deployments included.
package struct RecordedResults: Sendable {
    private var ownTables: [String: ResultTable] = [:]
    private var tables: [ResultTable] = []
    private var durations: [String: Double] = [:]
    private let superseded: SupersededResults
    /// Of the repositories, under which something of this deployment was recorded.
    private(set) var commits: Set<[String]> = []

    /// Reads the retry requests of a store.
    ///
    /// - Parameters:
    ///   - results: Of the store, as they are by now.
    ///   - targets: those of the deployment that count as its own.
    /// - Throws: `StoreError`.
    package init(_ results: ResultTables, store: Store, deployment: String, targets: Set<String>) throws {
        superseded = try SupersededResults(in: store)
        for (branch, table) in results.all {
            let isOwn = branch.deployment == deployment && targets.contains(branch.target)
            if isOwn { ownTables[branch.target] = table }
            tables.append(table)
            for result in table.results.values {
                if isOwn { commits.insert(result.repositories) }
                guard let duration = result.duration, result.outcome == .success else { continue }
                durations[result.cell.package.name] = max(duration, durations[result.cell.package.name] ?? 0)
            }
        }
    }

    /// The longest that a build of the package has taken, on whatever target; for one never built, a usual time.
    func expectedSeconds(of job: Job) -> Double {
        durations[job.package.name] ?? 5
    }

    func result(of cell: Cell) -> CellResult? {
        ownTables[cell.target]?.result(of: cell)
    }

    /// All results of a job, those of all deployments.
    func results(ofJob job: Digest) -> [CellResult] {
        tables.flatMap { $0.results(ofJob: job) }
    }

    /// The newest verdict on a job that no retry request supersedes. Whatever else became of the job is no verdict on it.
    func verdict(onJob job: Digest) -> CellResult? {
        results(ofJob: job).newestVerdict(except: superseded)
    }

    /// How the newest execution of a job ended, superseded or not; nil where it was never executed.
    func newestOutcome(ofJob job: Digest) -> Outcome? {
        results(ofJob: job).filter { $0.isVerdictOnJob || $0.outcome == .infrastructure }
            .max { $0.ended(before: $1) }?.outcome
    }
}

extension [CellResult] {
    /// The newest success or failure among the results of one job, of those that no retry request supersedes.
    func newestVerdict(except superseded: SupersededResults) -> CellResult? {
        filter { $0.isVerdictOnJob && !superseded.contains($0) }
            .max { $0.ended(before: $1) }
    }
}

/// Looks up single jobs in the store as it is now, whoever has recorded their results meanwhile.
package struct JobLookup: Sendable {
    private let store: Store
    private let plan: Plan

    package init(store: Store, plan: Plan) {
        self.store = store
        self.plan = plan
    }

    /// The newest verdict on a job that no retry request supersedes.
    ///
    /// - Returns: also whether the deployment itself has recorded it; nil where there is none.
    /// - Throws: `StoreError`.
    package func verdict(onJob id: Digest) throws -> (result: CellResult, isOwn: Bool)? {
        guard let job = plan.jobs[id] else { return nil }
        var own: [CellResult] = []
        var others: [CellResult] = []
        for branch in try store.branches(prefix: "results/") {
            guard let results = ResultBranch(name: branch.name) else { continue }
            let cell = Cell(target: results.target, compiler: job.compiler, package: job.package)
            let snapshot = try store.snapshot(branch)
            let found = try [ResultPath.cell(cell), ResultPath.input(cell, job: id)].compactMap {
                try snapshot.value(CellResult.self, at: StorePath($0))
            }.filter { $0.job == id }
            if results.deployment == plan.deployment { own += found } else { others += found }
        }
        guard !own.isEmpty || !others.isEmpty,
            let newest = (own + others).newestVerdict(except: try SupersededResults(in: store))
        else { return nil }
        return (newest, own.contains { $0.identity == newest.identity })
    }
}
