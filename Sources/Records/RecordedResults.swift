package import Core
package import Model
package import Store

/// The recorded results of a plan's cells and jobs, including results of other deployments.
///
/// - SeeAlso: `docs/decisions/0002-known-jobs.md`
package struct RecordedResults: Sendable {
    private var ownTables: [String: ResultTable] = [:]
    private var tables: [ResultTable] = []
    private var durations: [String: Double] = [:]
    /// Whether a result of this deployment says that its cell was cancelled.
    package private(set) var hasCancelled = false
    private let superseded: SupersededResults
    /// The commits of repositories for which a result of this deployment is recorded.
    package private(set) var commits: Set<[String]> = []

    /// Reads the retry requests of a store.
    ///
    /// - Parameters:
    ///   - results: The current results of the store.
    ///   - targets: the targets whose results count as the deployment's own.
    /// - Throws: `StoreError`.
    package init(_ results: ResultTables, store: Store, deployment: String, targets: Set<String>) throws {
        superseded = try SupersededResults(in: store)
        for (branch, table) in results.all {
            let isOwn = branch.deployment == deployment && targets.contains(branch.target)
            if isOwn { ownTables[branch.target] = table }
            tables.append(table)
            var last: [String]?
            for result in table.results.values {
                // Most results are of few commits.
                if isOwn, result.repositories != last {
                    commits.insert(result.repositories)
                    last = result.repositories
                }
                if isOwn, result.outcome == .cancelled { hasCancelled = true }
                // The time to create an environment is not a property of the package.
                guard let duration = result.durations?.own ?? result.duration, result.outcome == .success else {
                    continue
                }
                durations[result.cell.package.name] = max(duration, durations[result.cell.package.name] ?? 0)
            }
        }
    }

    /// The longest duration of a build of the package on any target, or a default for a package that was never built.
    package func expectedSeconds(of job: Job) -> Double {
        durations[job.package.name] ?? 5
    }

    /// The result of a cell of the deployment.
    package func result(of cell: Cell) -> CellResult? {
        ownTables[cell.target]?.result(of: cell)
    }

    /// The results with the last verdicts on the cells of a plan, or on a version of the package that the plan no longer
    /// has; nil for a cell without a verdict.
    ///
    /// - Complexity: O(results of the deployment).
    package func lastVerdicts(of plan: Plan) -> (Cell) -> CellResult? {
        var superseded: [Cell.Position: CellResult] = [:]
        for (path, result) in ownTables.values.lazy.flatMap(\.results)
        where !plan.hasCell(result.cell) && result.lastVerdict != nil && path == ResultPath.cell(result.cell) {
            if let other = superseded[result.cell.position], result.ended(before: other) { continue }
            superseded[result.cell.position] = result
        }
        return { cell in
            let own = self.result(of: cell)
            return own?.lastVerdict == nil ? superseded[cell.position] : own
        }
    }

    /// All results of a job, in all deployments.
    package func results(ofJob job: Digest) -> [CellResult] {
        tables.flatMap { $0.results(ofJob: job) }
    }

    /// The newest verdict on a job that no retry request supersedes; other outcomes are ignored.
    package func verdict(onJob job: Digest) -> CellResult? {
        var newest: CellResult?
        for table in tables {
            table.forEachResult(ofJob: job) { superseded.consider($0, asNewest: &newest) }
        }
        return newest
    }

    /// The outcome of the newest execution of a job, superseded or not; nil if it was never executed.
    package func newestOutcome(ofJob job: Digest) -> Outcome? {
        results(ofJob: job).filter { $0.isVerdictOnJob || $0.outcome == .infrastructure }
            .max { $0.ended(before: $1) }?.outcome
    }
}

extension [CellResult] {
    /// The newest success or failure among the results of a job that no retry request supersedes.
    func newestVerdict(except superseded: SupersededResults) -> CellResult? {
        reduce(into: nil) { superseded.consider($1, asNewest: &$0) }
    }
}

extension SupersededResults {
    /// Replaces the newest verdict on a job by a result of it, if that is a newer verdict that no request supersedes.
    fileprivate func consider(_ result: CellResult, asNewest newest: inout CellResult?) {
        guard result.isVerdictOnJob, isEmpty || !contains(result) else { return }
        if newest.map({ $0.ended(before: result) }) ?? true { newest = result }
    }
}
