internal import Core
internal import Matrix
internal import Model

/// What the rules of a matrix say of cells that have been decided.
struct CellRules: Sendable {
    let matrix: MatrixFile
    let today: CalendarDate

    /// The cell with what is accepted of it and when it runs.
    func planned(_ cell: Cell, _ basis: PlannedCell.Basis, isRequired: Bool, untested: String?) -> PlannedCell {
        let accepted = matrix.acceptFailures.first { rule in
            rule.expires.map { today <= $0.value } ?? true && matches(rule.cells, cell)
        }
        return PlannedCell(
            cell: cell, basis: basis, required: isRequired && accepted == nil,
            priority: matrix.schedule.last { matches($0.cells, cell) }?.priority ?? 0,
            accepted: accepted.map { rule in
                rule.reason + (rule.expires.map { " (until \($0.value))" } ?? "")
            }, untested: untested)
    }

    private func matches(_ patterns: [Located<CellPattern>], _ cell: Cell) -> Bool {
        patterns.contains {
            $0.value.matches(
                target: cell.target, compiler: cell.compiler, name: cell.package.name, version: cell.package.version)
        }
    }
}
