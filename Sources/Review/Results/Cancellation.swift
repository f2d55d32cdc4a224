internal import Core
package import Model
internal import Records
internal import Store
internal import System

/// A cancellation of pending cells, before it is recorded.
///
/// A cancelled cell has the outcome `cancelled` and is not run until it is retried or its jobs change.
package struct Cancellation: Sendable {
    /// The pending cells and those with a requested retry, sorted by name.
    package let cells: [PlannedCell]
    private let results: DeploymentResults

    /// Finds the cells to cancel among those that the selectors match.
    ///
    /// - Throws: `Failure` of the category `input` if a selector matches no cell or no pending one.
    package init(of selectors: [Selector], in results: DeploymentResults) throws {
        try results.check(selectors)
        self.results = results
        cells = try results.cells(picked: selectors).filter { try Self.isPending($0, in: results) }
        guard !cells.isEmpty else {
            throw Failure(.input, "no pending cell matches the selector", hint: "'ci results' lists the cells")
        }
    }

    private static func isPending(_ cell: PlannedCell, in results: DeploymentResults) throws -> Bool {
        let state = try results.state(of: cell)
        // An unsolvable cell has no recorded result until a run records it.
        let isRecorded = try results.result(of: cell.cell).map { cell.isDecided(by: $0) } ?? false
        return state.state == "pending" || state.retry == true || state.outcome == .unsolvable && !isRecorded
    }

    /// Records the outcome `cancelled`, in one commit for each target. A verdict that a run recorded meanwhile is kept.
    ///
    /// - Throws: `StoreError`, `Conflict`.
    package func record() async throws {
        for (target, cells) in Dictionary(grouping: cells, by: \.cell.target).sorted(by: { $0.key < $1.key }) {
            let branch = ResultBranch(deployment: results.header.deployment, target: target)
            let message = "Cancel \(count(cells.count, "cell")) on \(target)"
            let plan = ResultBranch.PlannedWork(
                hasCell: { try results.documents.hasCell($0) }, hasJob: { try results.documents.job($0) != nil })
            try await results.store.transact(Branch(branch.name), message) { transaction in
                for cell in cells {
                    let known = try transaction.value(
                        CellResult.self, at: StorePath(ResultPath.cell(cell.cell)))
                    if let known, cell.isDecided(by: known), !results.retries.contains(known) { continue }
                    let recorded = try branch.record(result(for: cell), of: plan, in: transaction)
                    if cells.count == 1 { transaction.message = recorded?.message(plan: nil) }
                }
            }
        }
    }

    private func result(for cell: PlannedCell) -> CellResult {
        var job: Digest?
        if case .jobs(let build, let test) = cell.basis { job = test ?? build }
        var result = CellResult(
            cell: cell.cell, job: job, outcome: .cancelled, repositories: results.header.repositories.map(\.commit))
        result.reason = "cancelled by 'ci cancel'"
        return result
    }
}
