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
    /// The target, if the side covers a single one.
    var target: String?
    /// The compiler, if the side covers a single column.
    var compiler: String?
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
        self.init(title: title, cells: [], target: moment.last?.target)
        (self.moment, plan) = (moment, moment.plan)
    }

    init(title: String, cells: [ComparedCell], target: String?, compiler: String? = nil, isColumn: Bool = false) {
        self.init(title: title, cells: cells)
        (self.target, self.compiler, self.isColumn) = (target, compiler, isColumn)
    }

    /// Restricts the side to the part of the table that another side covers.
    fileprivate func restricted(to other: ComparisonSide) -> ComparisonSide {
        let isLarger = target == nil || target == other.target && compiler == nil && other.compiler != nil
        guard isLarger, let target = other.target else { return self }
        var side = self
        (side.target, side.compiler) = (target, other.compiler)
        side.cells = cells.filter {
            $0.cell.target == target && (other.compiler == nil || $0.cell.compiler == other.compiler)
        }
        return side
    }

    /// The known failures, by the names of the cells on another side.
    ///
    /// - Parameter failure: Finds a failure by its own name.
    fileprivate func roots(
        renamedAs other: ComparisonSide, _ failure: @escaping (Cell) throws -> ComparedCell?
    ) -> FailureRoots {
        FailureRoots { cell in
            try failure(
                Cell(
                    target: target == other.target ? cell.target : target ?? cell.target,
                    compiler: compiler == other.compiler ? cell.compiler : compiler ?? cell.compiler,
                    package: cell.package))
        }
    }

    /// The cells under their names on another side, so that they can be compared one by one.
    fileprivate func cells(renamedAs other: ComparisonSide) -> [ComparedCell] {
        guard target != other.target || compiler != other.compiler else { return cells }
        return cells.map { cell in
            var cell = cell
            cell.cell = Cell(
                target: other.target ?? cell.cell.target, compiler: other.compiler ?? cell.cell.compiler,
                package: cell.cell.package)
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
        let areColumns =
            old.target != new.target || old.compiler != new.compiler && old.compiler != nil && new.compiler != nil
        try self.init(
            before: old.cells(renamedAs: new), after: new.cells, unchanged: 0, areColumns: areColumns,
            hasReasons: hasReasons,
            roots: (old.roots(renamedAs: new, failures.before), FailureRoots(failures.after)), details: details)
    }
}
