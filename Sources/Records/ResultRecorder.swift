internal import Core
package import Model
package import Store

/// Records the results of a run.
package struct ResultRecorder: Sendable {
    private let store: Store
    private let plan: Plan
    private let run: RunRecord?
    private let options: TransactionOptions

    /// - Parameters:
    ///   - run: The run that records the results; nil for results of no run.
    ///   - commits: The series to which the commits are added; nil for none.
    package init(_ plan: Plan, in store: Store, run: RunRecord?, commits: CommitSeries? = nil) {
        self.store = store
        self.plan = plan
        self.run = run
        options = TransactionOptions(series: commits)
    }

    /// Records a result durably in a separate commit.
    ///
    /// - Parameter path: The document of the cell or, for a job that decides no cell, of the input.
    /// - Returns: The recorded result; nil if it was already recorded.
    /// - Throws: `StoreError`, `Conflict`.
    package func record(_ result: CellResult, at path: String) async throws -> CellResult? {
        let branch = ResultBranch(deployment: plan.deployment, target: result.cell.target)
        let planned = ResultBranch.PlannedWork(hasCell: plan.hasCell, hasJob: { plan.jobs[$0] != nil })
        var result = result
        result.run = run?.number
        return try await store.transact(Branch(branch.name), "", options: options) { transaction in
            let isOfCell = path == ResultPath.cell(result.cell)
            let recorded =
                isOfCell
                ? try branch.record(result, of: planned, in: transaction)
                : try branch.record(result, ofInputAt: path, in: transaction)
            transaction.message = recorded?.message(plan: run?.plan)
            return recorded?.result
        }.value
    }
}
