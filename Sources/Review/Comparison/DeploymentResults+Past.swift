internal import Core
internal import Model
internal import Records

/// The table at earlier times. Cells are created on demand, because a table has tens of thousands.
extension DeploymentResults {
    /// The table at a time, whose cells are read on demand.
    ///
    /// - Throws: `Failure` of the category `input` if nothing was recorded by then; `StoreError`.
    func side(at moment: ResultMoment) throws -> ComparisonSide {
        let side = ComparisonSide(title: moment.title, at: moment)
        let isEmpty = try index.withSoundHistory { contents in
            for position in contents.positions(at: moment) where try contents.row(of: position, at: moment) != nil {
                return false
            }
            return true
        }
        if isEmpty, !moment.isOfPlan {
            throw Failure(
                .input, "no result was recorded by '\(moment.title)'",
                hint: try whatExists(Set(header.columns.map(\.target)).sorted()))
        }
        return side
    }

    /// Reads the cells of a side.
    ///
    /// - Parameter isWanted: Whether to read the cell with a given index, for the table at a time.
    /// - Complexity: O(cells + results since then); for a plan, its documents are read.
    func reading(_ side: ComparisonSide, where isWanted: (Int) -> Bool = { _ in true }) throws -> ComparisonSide {
        guard let moment = side.moment else { return side }
        var side = side
        side.cells = try index.withSoundHistory { contents in
            try contents.positions(at: moment).compactMap { position in
                guard isWanted(position), let row = try contents.row(of: position, at: moment) else { return nil }
                return try contents.comparedCell(position, row)
            }
        }
        if moment.isOfPlan, let plan = moment.plan { side.cells = try Self.cells(of: plan, with: side.cells) }
        side.moment = nil
        return side
    }

    /// The cells of a plan with their results at that time; unsolvable cells need no result.
    private static func cells(of plan: PlanDocuments, with results: [ComparedCell]) throws -> [ComparedCell] {
        let known = Dictionary(results.map { ($0.cell, $0) }, uniquingKeysWith: { first, _ in first })
        return try plan.cells().compactMap { planned in
            if case .jobs = planned.basis, let result = known[planned.cell], result.outcome != .unsolvable {
                return result
            }
            return ComparedCell(planned: planned)
        }
    }

    /// The cells whose states differ between two times, on both sides.
    ///
    /// - Returns: The cells, and the number of unchanged cells.
    func changedCells(
        from before: ResultMoment, to after: ResultMoment
    ) throws -> (before: [ComparedCell], after: [ComparedCell], unchanged: Int) {
        try index.withSoundHistory { contents in
            var (old, new, unchanged): ([ComparedCell], [ComparedCell], Int) = ([], [], 0)
            let isLater = after.includesAll(of: before)
            for position in contents.positions(at: before.last == nil ? after : before) {
                let later = try contents.row(of: position, at: after)
                let row = try contents.row(of: position, at: before, notAfter: isLater ? later : nil)
                if let row, let later, try row == later || contents.isEquivalent(row, later) {
                    unchanged += 1
                    continue
                }
                if let row { old.append(try contents.comparedCell(position, row)) }
                if let later { new.append(try contents.comparedCell(position, later)) }
            }
            return (old, new, unchanged)
        }
    }

    /// The result of a cell at a time; nil if there was none.
    func result(at position: Int, at moment: ResultMoment) throws -> ComparedCell? {
        try index.withSoundHistory { contents in
            try contents.row(of: position, at: moment).map { try contents.comparedCell(position, $0) }
        }
    }

    /// The failure of a cell, or of a job that decides no cell, at a time; nil if it had not failed.
    func failure(of cell: Cell, at moment: ResultMoment) throws -> ComparedCell? {
        try index.withSoundHistory { contents in
            for isInput in [false, true] {
                guard let position = contents.position(of: cell, isInput: isInput),
                    let number = try contents.row(of: position, at: moment)
                else { continue }
                let found = try contents.comparedCell(position, number)
                guard found.outcome == .failure || found.outcome == .infrastructure else { continue }
                return found.needsDetails ? try detailed(found) : found
            }
            return nil
        }
    }

    /// The current failure of a cell, or of a job that decides no cell; nil if it is not known to fail.
    func failure(of cell: Cell) throws -> ComparedCell? {
        try index.contents.positionOfFailure(named: cell.description).flatMap { position in
            try index.result(at: position, in: store).map { result in
                var failed = ComparedCell(result)
                failed.isWeak = index.contents.cells[position].record?.isWeak ?? false
                return failed
            }
        }
    }

    /// The current states of planned cells, without excluded ones.
    func currentCells(at positions: [Int]) throws -> [ComparedCell] {
        try positions.compactMap { position in
            guard let planned = index.contents.planned(at: position) else { return nil }
            return ComparedCell(
                try state(of: planned), isWeak: index.contents.cells[position].verdict?.isWeak ?? false)
        }
    }
}

extension ComparedCell {
    /// A planned cell without a result; nil if the matrix excludes it.
    init?(planned: PlannedCell) {
        switch planned.basis {
        case .excluded: return nil
        case .unsolvable(let explanation):
            self.init(cell: planned.cell, outcome: .unsolvable, reason: explanation, constraint: planned.cause)
        case .jobs: self.init(cell: planned.cell, outcome: nil)
        }
    }
}

extension IndexContents {
    /// The indexes of the cells that may have results at a time.
    fileprivate func positions(at moment: ResultMoment) -> [Int] {
        let target = moment.last.map { texts.id(of: $0.target) ?? 0 }
        return cells.indices.filter { position in
            !cells[position].isInput && cells[position].row != HistoryRow.none
                && (target == nil || cells[position].target == target)
        }
    }

    /// The row with a cell's result at a time; nil if there was no result or it had been removed.
    ///
    /// - Parameter latest: A row of the cell that no row of that time follows; nil if unknown.
    fileprivate func row(
        of position: Int, at moment: ResultMoment, notAfter latest: HistoryRow.Number? = nil
    ) throws(IndexDamage) -> HistoryRow.Number? {
        var number = latest ?? cells[position].row
        var newest: HistoryRow.Number?
        while number != HistoryRow.none {
            let row = try history[number]
            if moment.includes(row, number) {
                guard row.outcome != nil else { break }
                if !moment.areVerdicts || row.isVerdict { return number }
                newest = newest ?? number
            }
            number = row.before
        }
        return newest
    }

    /// The row with a cell's result at a time; nil if there was no result or it had been removed.
    func historyRow(of position: Int, at moment: ResultMoment) throws(IndexDamage) -> HistoryRow? {
        guard let number = try row(of: position, at: moment) else { return nil }
        return try history[number]
    }

    fileprivate func isEquivalent(_ left: HistoryRow.Number, _ right: HistoryRow.Number) throws(IndexDamage) -> Bool {
        try history[left].isEquivalent(to: history[right])
    }

    fileprivate func comparedCell(_ position: Int, _ number: HistoryRow.Number) throws(IndexDamage) -> ComparedCell {
        let row = try history[number]
        var cell = ComparedCell(
            cell: self.cell(at: position), outcome: row.outcome, phase: row.phase,
            signature: texts.text(row.signature), isWeak: row.isWeak,
            constraint: row.outcome == .unsolvable ? planned(at: position)?.cause : nil)
        cell.isBlockedByInfrastructure = row.outcome == .blocked && !row.isVerdict
        if number == cells[position].row, let record = cells[position].record {
            cell.reason = texts.text(record.reason)
            cell.blockedBy = texts.text(record.blockedBy).flatMap { PackageVersion($0) }
        } else {
            cell.commit = row.commit
        }
        return cell
    }
}
