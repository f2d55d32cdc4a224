internal import Core
package import Model
package import Store

/// The jobs that must run again so that given cells are decided again.
///
/// For a cell with a verdict, this is the job with the verdict: the build if it failed, otherwise the tests if there
/// are any. For a blocked cell, these are all failed jobs that it depends on.
package struct RetryPlan: Sendable {
    /// The deployment whose cells are retried.
    package let deployment: String
    /// The requests, in the order of their cells.
    package let requests: [RetryRequest]
    /// Selected cells that are cancelled: for these, only the verdict must be removed.
    package let cancelled: [Cell]
    /// Whether there is nothing to retry.
    package let isEmpty: Bool

    /// - Throws: `StoreError`; `Failure` if a document is damaged.
    package init(of cells: [PlannedCell], in documents: PlanDocuments, of header: PlanHeader, store: Store) throws {
        deployment = header.deployment
        var results = ResultTables()
        try results.refresh(from: store)
        let records = try RecordedResults(
            results, store: store, deployment: header.deployment, targets: Set(header.targets.map(\.name)))
        var jobs: [Digest: Cell] = [:]
        var cancelled: [Cell] = []
        var hasBlocked = false
        var causes = BlockingJobs(documents: documents, records: records)
        for cell in cells {
            guard let result = records.result(of: cell.cell), cell.isDecided(by: result) else { continue }
            // A cell without a solution can be cancelled as well.
            if result.outcome == .cancelled { cancelled.append(cell.cell) }
            guard case .jobs(let build, let test) = cell.basis, let job = result.job else { continue }
            switch result.outcome {
            case .success, .failure, .infrastructure: jobs[job] = jobs[job] ?? cell.cell
            case .blocked:
                hasBlocked = true
                for cause in try causes.causes(below: test ?? build) {
                    jobs[cause.id] =
                        jobs[cause.id]
                        ?? Cell(target: cell.cell.target, compiler: cause.job.compiler, package: cause.job.package)
                }
            case .cancelled, .unsolvable: break
            }
        }
        requests = jobs.map { job, cell in
            let superseded = records.results(ofJob: job).filter { $0.isVerdictOnJob || $0.outcome == .infrastructure }
            return RetryRequest(job: job, cell: cell, superseded: Set(superseded.map(\.identity)).sorted())
        }.sorted { ($0.cell, $0.job) < ($1.cell, $1.job) }
        self.cancelled = cancelled.sorted()
        isEmpty = requests.isEmpty && cancelled.isEmpty && !hasBlocked
    }

    /// Records the requests in one commit, and removes the verdicts on cancelled cells in one commit for each target.
    ///
    /// - Throws: `StoreError`, `Conflict`.
    package func record(in store: Store) async throws {
        for (target, cells) in Dictionary(grouping: cancelled, by: \.target).sorted(by: { $0.key < $1.key }) {
            let branch = ResultBranch(deployment: deployment, target: target)
            let message = "Retry \(count(cells.count, "cancelled cell")) on \(target)"
            try await store.transact(Branch(branch.name), message) { transaction in
                for cell in cells {
                    let path = ResultPath.cell(cell)
                    let known = try transaction.value(CellResult.self, at: StorePath(path))
                    if known?.outcome == .cancelled { try branch.remove(at: path, in: transaction) }
                }
            }
        }
        guard !requests.isEmpty else { return }
        let cells = requests.prefix(100).map { "\nCell: \($0.cell)\nJob: \($0.job)" }.joined()
        try await store.transact(
            Branch(RetryBranch(deployment: deployment).name), "Retry \(count(requests.count, "job"))\n\(cells)\n"
        ) { transaction in
            for request in requests { try transaction.write(request, to: RetryBranch.path(of: request.job)) }
        }
    }
}

/// Finds the failed jobs that block others.
private struct BlockingJobs {
    typealias Cause = (id: Digest, job: Job)

    let documents: PlanDocuments
    let records: RecordedResults
    private var jobs: [Digest: Job] = [:]

    init(documents: PlanDocuments, records: RecordedResults) {
        self.documents = documents
        self.records = records
    }

    /// The failed direct and indirect inputs of a job, and the job itself if it failed.
    mutating func causes(below id: Digest) throws -> [Cause] {
        var causes: [Cause] = []
        var visited: Set<Digest> = []
        var open = [id]
        while let next = open.popLast() {
            guard visited.insert(next).inserted, let job = try jobs[next] ?? documents.job(next) else { continue }
            jobs[next] = job
            if records.newestOutcome(ofJob: next).map({ $0 != .success }) ?? false { causes.append((next, job)) }
            open += job.inputs
        }
        return causes
    }
}
