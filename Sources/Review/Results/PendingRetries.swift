internal import Core
internal import Model
internal import Records
internal import Store

/// The results that requested retries will replace: those of the jobs that run again, and of the cells blocked by them.
/// They stay visible until there are new ones.
struct PendingRetries: Sendable {
    private let superseded: SupersededResults
    /// Cells whose failed build runs again, so that the cells that they block are decided again.
    private var blockers: Set<Cell> = []

    /// - Parameter targets: The targets of the deployment.
    /// - Throws: `StoreError`.
    init(in store: Store, deployment: String, targets: some Sequence<String>) throws {
        let requests = try store.branches(prefix: RetryBranch.prefix).flatMap { branch in
            try RetryBranch.requests(in: store.snapshot(branch))
        }
        superseded = SupersededResults(requests)
        guard !requests.isEmpty else { return }
        for target in targets {
            let branch = ResultBranch(deployment: deployment, target: target)
            let snapshot = try store.snapshot(Branch(branch.name))
            for request in requests {
                // Targets with the same environment share jobs.
                let cell = Cell(target: target, compiler: request.cell.compiler, package: request.cell.package)
                let result = try branch.result(ofJob: request.job, as: cell, in: snapshot)
                if let result, superseded.contains(result) { blockers.insert(cell) }
            }
        }
    }

    /// Whether no retry is requested.
    var isEmpty: Bool { superseded.isEmpty }

    /// Whether a retry of the job is requested.
    func concerns(_ job: Digest) -> Bool { superseded.concerns(job) }

    /// Whether the next run will replace a result.
    func contains(_ result: CellResult) -> Bool {
        guard result.outcome == .blocked else { return superseded.contains(result) }
        let cell = result.cell
        return result.blockedBy.map {
            blockers.contains(Cell(target: cell.target, compiler: cell.compiler, package: $0))
        } ?? false
    }
}
