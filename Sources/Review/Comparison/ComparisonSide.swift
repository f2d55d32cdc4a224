internal import Core
internal import Model
internal import Records

/// One side of a comparison: the states of cells, and which part of the table they are.
package struct ComparisonSide: Sendable {
    /// What a person calls it: `run 12`, `debian-12/5.3.0`.
    package var title: String
    /// The cells of this side; none where `moment` says which they are, until they are read.
    package var cells: [ComparedCell]
    /// The time whose results the cells are; nil where they are read, or are no results of a time.
    var moment: ResultMoment?
    /// Set where the side is of one target.
    var target: String?
    /// Set where the side is one compiler of a target.
    var compiler: String?
    /// The plan of that time; nil where the side has none of its own.
    var plan: PlanDocuments?
    /// Whether the side is a column as it is now, and not the table at some time.
    var isColumn = false

    /// A side that is the whole table.
    package init(title: String, cells: [ComparedCell]) {
        self.title = title
        self.cells = cells
    }

    /// A side whose cells are read when they are needed.
    init(title: String, at moment: ResultMoment) {
        self.init(title: title, cells: [], target: moment.last?.target)
        (self.moment, plan) = (moment, moment.plan)
    }

    init(title: String, cells: [ComparedCell], target: String?, compiler: String? = nil, isColumn: Bool = false) {
        self.init(title: title, cells: cells)
        (self.target, self.compiler, self.isColumn) = (target, compiler, isColumn)
    }

    /// Only the cells of the part of the table that another side is.
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

    /// What is known to have failed, by the names of the cells on another side.
    ///
    /// - Parameter failure: finds what has failed by its own name.
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

    /// The cells under the names of another side, so that they can be compared one by one.
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
    /// Where one side is a part of the table, the same part of the other is compared with it.
    ///
    /// - Parameter failures: find what had failed on either side, by its name.
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
