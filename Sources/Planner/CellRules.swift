internal import Core
internal import Matrix
internal import Model

/// The rules of a matrix about solved cells.
struct CellRules: Sendable {
    let matrix: MatrixFile
    let today: CalendarDate

    /// The cell with its accepted failure and schedule.
    func planned(_ made: PlannedCell, isRequired: Bool) -> PlannedCell {
        let accepted = matrix.acceptFailures.first { rule in
            rule.expires.map { today <= $0.value } ?? true && matches(rule.cells, made.cell)
        }
        let acceptance = accepted.flatMap(Acceptance.init)
        var cell = made
        // A cell is still required if only a specific failure is accepted.
        cell.required = isRequired && (accepted == nil || acceptance?.isLimited == true)
        cell.priority = matrix.schedule.last { matches($0.cells, made.cell) }?.priority ?? 0
        cell.accepted = accepted.map { rule in
            rule.reason + (rule.expires.map { " (until \($0.value))" } ?? "")
        }
        cell.acceptance = acceptance
        return cell
    }

    private func matches(_ patterns: [Located<CellPattern>], _ cell: Cell) -> Bool {
        patterns.contains {
            $0.value.matches(
                target: cell.target, compiler: cell.compiler, name: cell.package.name, version: cell.package.version)
        }
    }
}

extension Acceptance {
    /// The conditions of the rule other than its reason; nil if it has none.
    fileprivate init?(_ rule: AcceptedFailure) {
        guard rule.phase != nil || rule.signature != nil || rule.tracker != nil else { return nil }
        self.init(phase: rule.phase.flatMap(Phase.init), signature: rule.signature, tracker: rule.tracker)
    }
}
