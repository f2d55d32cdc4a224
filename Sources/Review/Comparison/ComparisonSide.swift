internal import Core
internal import Model
internal import Records

/// One side of a comparison: the states of cells, and the part of the table that they cover.
///
/// - SeeAlso: `docs/decisions/0221-sides-of-a-difference.md`
package struct ComparisonSide: Sendable {
    /// The title for the user: `run 12`, `debian-12/5.3.0`.
    package var title: String
    /// The cells of this side; empty if `moment` determines them and they have not been read yet.
    package var cells: [ComparedCell]
    /// The time whose results the cells are; nil if they have been read or do not belong to a time.
    var moment: ResultMoment?
    /// The part of the table that the side covers.
    var part = TablePart()
    /// The plan of that time, if the side has its own.
    var plan: PlanDocuments?
    /// Whether the side is a column now, as opposed to the table at some time.
    var isColumn = false

    /// A side that covers the whole table.
    package init(title: String, cells: [ComparedCell]) {
        self.title = title
        self.cells = cells
    }

    /// A side whose cells are read on demand.
    init(title: String, at moment: ResultMoment) {
        self.init(title: title, cells: [])
        (self.moment, plan, part.target) = (moment, moment.plan, moment.last?.target)
    }

    /// A side that covers a current column, or several.
    init(title: String, cells: [ComparedCell], column: TablePart) {
        self.init(title: title, cells: cells)
        (part, isColumn) = (column, true)
    }

    /// Restricts the side to the part of the table that another side covers.
    fileprivate func restricted(to other: ComparisonSide) -> ComparisonSide {
        var side = self
        side.part = part.restricted(to: other.part)
        if side.part != part { side.cells = cells.filter { side.part.contains($0.cell) } }
        return side
    }

    /// The known failures, by the names of the cells on another side.
    ///
    /// - Parameter failure: Finds a failure by its own name.
    fileprivate func roots(
        renamedAs other: ComparisonSide, _ failure: @escaping (Cell) throws -> ComparedCell?
    ) -> FailureRoots {
        FailureRoots { try failure(other.part.renamed($0, in: part)) }
    }

    /// The cells under their names on another side, so that they can be compared one by one.
    fileprivate func cells(renamedAs other: ComparisonSide) -> [ComparedCell] {
        guard part != other.part else { return cells }
        return cells.map { cell in
            var cell = cell
            cell.cell = part.renamed(cell.cell, in: other.part)
            return cell
        }
    }
}

extension Difference {
    /// Compares two sides: the table at two times, or two columns.
    ///
    /// If one side covers a part of the table, it is compared with the same part of the other.
    ///
    /// - Parameter failures: Find failures on each side by name.
    init(
        from before: ComparisonSide, to after: ComparisonSide, hasReasons: Bool,
        failures: (before: (Cell) throws -> ComparedCell?, after: (Cell) throws -> ComparedCell?),
        details: (ComparedCell) throws -> ComparedCell
    ) throws {
        let (old, new) = (before.restricted(to: after), after.restricted(to: before))
        try self.init(
            before: old.cells(renamedAs: new), after: new.cells, unchanged: 0, areColumns: old.part != new.part,
            hasReasons: hasReasons,
            roots: (old.roots(renamedAs: new, failures.before), FailureRoots(failures.after)), details: details)
    }
}
