internal import Core
package import Model
internal import Records
internal import Store

/// The recorded changes between the last good result of a package and the first bad one after it.
package struct BisectReport: Codable, Sendable {
    /// The requested cell.
    package var cell: Cell
    /// The last good result.
    package var good: CellHistory.Entry
    /// The first bad result after it.
    package var bad: CellHistory.Entry
    /// The error line of the bad result.
    package var reason: String?
    /// The first result with the present failure, if the cell now fails in another way than at first.
    package var present: CellHistory.Entry?
    /// The error line of that result.
    package var presentReason: String?
    /// Results in between that are not verdicts, newest first.
    package var between: [CellHistory.Entry]
    /// What changed.
    package var changes: [InputChange]
    /// A description of what could not be compared. Absent if everything was compared.
    package var unknown: String?
}

extension DeploymentResults {
    /// The changes between the last good and the first bad result of the cell that a selector matches.
    ///
    /// - Throws: `Failure` of the category `input` if it matches no cell or several, or if the package is good, was
    ///   never good, or has no verdict; `StoreError`.
    package func bisect(_ selector: Selector) throws -> BisectReport {
        try bisect(try state(picked: selector).cell)
    }

    /// The changes between the last good and the first bad result of a cell.
    ///
    /// - Throws: `Failure` of the category `input` if the package is good, was never good, or has no verdict;
    ///   `StoreError`.
    package func bisect(_ cell: Cell) throws -> BisectReport {
        let history = try history(of: cell)
        guard let turn = history.turn else { throw Self.nothingToBisect(history) }
        let (good, bad) = try (result(of: turn.good, history.cell), result(of: turn.bad, history.cell))
        var report = BisectReport(
            cell: history.cell, good: turn.good, bad: turn.bad, reason: nil, present: history.present,
            between: history.entries.filter {
                !$0.isVerdict && ($0.time, $0.run ?? 0) >= (turn.good.time, turn.good.run ?? 0)
                    && ($0.time, $0.run ?? 0) <= (turn.bad.time, turn.bad.run ?? 0)
            }, changes: [])
        let plans = try (plan(of: turn.good), plan(of: turn.bad))
        report.reason = try bad.map { try reason(of: $0, in: plans.1) } ?? nil
        if let present = report.present, let result = try result(of: present, history.cell) {
            report.presentReason = try reason(of: result, in: plan(of: present))
        }
        guard let good, let bad, let old = plans.0, let new = plans.1 else {
            report.unknown = "a result or its plan is no longer in the store"
            return report
        }
        try compare((good, old), (bad, new), in: &report)
        return report
    }

    /// The header of the plan for a result; nil if unknown.
    package func planHeader(of entry: CellHistory.Entry) throws -> PlanHeader? {
        try plan(of: entry)?.header()
    }

    private static func nothingToBisect(_ history: CellHistory) -> Failure {
        let verdict = history.entries.first(where: \.isVerdict)
        let message =
            switch verdict?.outcome {
            case nil: "\(history.cell) has no verdict yet"
            case .success: "\(history.cell) is good"
            default: "\(history.cell) was never good in this column"
            }
        return Failure(.input, message, hint: "'ci history \(history.cell)' lists its results")
    }

    private func compare(
        _ good: (result: CellResult, plan: PlanDocuments), _ bad: (result: CellResult, plan: PlanDocuments),
        in report: inout BisectReport
    ) throws {
        let old = try good.result.job.flatMap { try JobInputs(of: $0, on: report.cell.target, in: good.plan) }
        let new = try bad.result.job.flatMap { try JobInputs(of: $0, on: report.cell.target, in: bad.plan) }
        if let old, let new {
            report.changes = try InputChange.changes(from: old, to: new)
        } else {
            // An unsolvable cell has no job.
            report.changes = try InputChange.changes(
                from: good.plan.header()?.repositories ?? [], to: bad.plan.header()?.repositories ?? [])
            report.unknown = "only the repositories are compared: the cell has no job in one of the plans"
        }
        report.changes += InputChange.changes(
            fromInstalled: good.result.systemPackages, to: bad.result.systemPackages)
        // A blocked job did not run on any machine.
        if let old = good.result.machine, let new = bad.result.machine {
            report.changes += [InputChange(.machine, "host", old, new)].compactMap { $0 }
        }
        if good.result.job == bad.result.job {
            report.unknown =
                good.result.base == bad.result.base
                ? "the same job gave both results: the outcome depends on chance, or on the machine"
                : "the same job gave both results, with inputs that were rebuilt in between"
        }
    }

    /// The error line of a result; of a cell without a solution, the constraint that makes it unsolvable.
    private func reason(of result: CellResult, in plan: PlanDocuments?) throws -> String? {
        guard result.outcome == .unsolvable, let plan else { return result.reason }
        return try plan.cell(result.cell)?.cause?.sentence ?? result.reason
    }

    private func result(of entry: CellHistory.Entry, _ cell: Cell) throws -> CellResult? {
        let cell = Cell(target: cell.target, compiler: cell.compiler, package: entry.package)
        // A shallow clone lacks older commits.
        return try? store.snapshot(at: entry.commit).value(CellResult.self, at: StorePath(ResultPath.cell(cell)))
    }

    /// The plan that was current when a result was recorded; nil if unknown.
    private func plan(of entry: CellHistory.Entry) throws -> PlanDocuments? {
        let run = try entry.run.flatMap { try RunRecords(of: header.deployment, in: store).record($0) }
        if let plan = run?.plan, let snapshot = try? store.snapshot(at: plan) { return PlanDocuments(base: snapshot) }
        return try newestPlan(at: entry.time)
    }
}
