internal import Core
package import Model
internal import Records
internal import Store

extension DeploymentResults {
    /// Decides whether the required cells that match the selectors pass.
    ///
    /// - Parameters:
    ///   - selectors: The cells to check; all if empty.
    ///   - base: The name of the state to compare with; if nil, every required cell must be good.
    ///   - allowsMissing: Whether to ignore cells of the base that the plan no longer has.
    ///   - listsAll: Whether to list all cells. Otherwise most of those that are still failing are only counted: tens
    ///     of thousands in a large table.
    /// - Throws: `Failure` of the category `input` if a selector matches no cell or nothing is named `base`;
    ///   `StoreError`.
    /// - Complexity: O(cells); values are created only for cells that are listed.
    package func gate(
        _ selectors: [Selector], base: String?, allowsMissing: Bool, listsAll: Bool = true
    ) throws -> Gate {
        try check(selectors)
        let advisory = Set(header.targets.filter { !$0.required }.map(\.name))
        let positions = try positions(picked: selectors)
        guard let base else {
            let (states, good) = try judged(positions, advisory)
            return Gate(states, advisory: advisory, good: good, causes: causes(of: states))
        }
        let side = try side(named: base, areVerdicts: true)
        guard !side.isColumn else {
            throw Failure(
                .input, "'\(base)' is a current column", hint: "a gate compares with an earlier state: --base RUN")
        }
        let unlisted = listsAll ? [] : try unlisted(positions, advisory, base: side)
        let (states, good) = try judged(unlisted.isEmpty ? positions : positions.filter { !unlisted[$0] }, advisory)
        let (recorded, present) = try comparable(side, with: states)
        let compared = try withPlanned(recorded, for: states)
        let missing = allowsMissing ? [] : try self.missing(from: compared, selectors, advisory)
        return Gate(
            states, advisory: advisory, good: good, stillFailing: unlisted.count { $0 }, causes: causes(of: states),
            base: compared, present: present, missing: missing)
    }

    private func causes(of states: [CellState]) -> [Cell: String] {
        causeIDs(at: states.compactMap { index.contents.position(of: $0.cell) })
    }

    /// Marks cells that are certainly still failing, so that only their number is needed: cells that are blocked or
    /// unsolvable without a failure of their own, and had a bad verdict under the same name in the base.
    ///
    /// - Returns: A value for each cell of the index; empty if the base is not the table at a time.
    private func unlisted(_ positions: [Int], _ advisory: Set<String>, base: ComparisonSide) throws -> [Bool] {
        guard let moment = base.moment, !moment.isOfPlan else { return [] }
        let changed = try base.plan.map(changedShards)
        return try index.withSoundHistory { contents in
            let advisory = Set(advisory.compactMap { contents.texts.id(of: $0) })
            let isOnlyVersion = contents.onlyVersions
            var marks = [Bool](repeating: false, count: contents.cells.count)
            for position in positions {
                let cell = contents.cells[position]
                guard cell.isRequired, cell.accepted == 0, !advisory.contains(cell.target),
                    cell.outcome == .unsolvable || cell.outcome == .blocked && contents.isVerdict(at: position)
                else { continue }
                if let recorded = try contents.historyRow(of: position, at: moment) {
                    guard recorded.isVerdict, recorded.outcome != .success else { continue }
                } else {
                    // The base has no result of the cell, but the same plan for it.
                    guard cell.basis == .unsolvable, isOnlyVersion[position], let changed,
                        try changed.isEmpty
                            || !changed.contains(PlanLayout.cells(in: CellShard(of: contents.cell(at: position))))
                    else { continue }
                }
                marks[position] = try retries.isEmpty || !isRetried(at: position)
            }
            return marks
        }
    }

    /// The documents of cells that differ between a plan and the one in the index.
    private func changedShards(since plan: PlanDocuments) throws -> Set<StorePath> {
        guard let commit = index.contents.plan, commit != plan.base?.commit else { return [] }
        let paths = try PlanDocuments(base: store.snapshot(at: commit)).differences(from: plan).map(\.path)
        return Set(paths.filter { $0.isInside(PlanLayout.cells) })
    }

    /// The states of the cells that the gate must examine, and the number of required cells that are good.
    private func judged(_ positions: [Int], _ advisory: Set<String>) throws -> (states: [CellState], good: Int) {
        let contents = index.contents
        let advisory = Set(advisory.compactMap { contents.texts.id(of: $0) })
        var (states, good): ([CellState], Int) = ([], 0)
        for position in positions {
            let cell = contents.cells[position]
            guard !advisory.contains(cell.target), cell.isRequired || cell.accepted != 0 else { continue }
            if cell.outcome == .success, cell.accepted == 0, try retries.isEmpty || !isRetried(at: position) {
                good += 1
            } else if let planned = contents.planned(at: position) {
                states.append(try state(of: planned))
            }
        }
        return (states, good)
    }

    /// A column of an index with a package, of a unikernel with its backend.
    private struct Position: Hashable {
        let (target, compiler, name): (InternedTexts.ID, InternedTexts.ID, InternedTexts.ID)
        let backend: String?

        init(at position: Int, in contents: IndexContents) {
            let cell = contents.cells[position]
            (target, compiler, name) = (cell.target, cell.compiler, cell.name)
            backend = contents.backend(of: cell)
        }
    }

    /// The cells of the base that the given cells are compared with or that the plan no longer has, and the planned
    /// cells that are versions of the same packages.
    private func comparable(_ base: ComparisonSide, with states: [CellState]) throws -> (ComparisonSide, [Cell]) {
        let contents = index.contents
        let wanted = Set(states.compactMap { contents.position(of: $0.cell) }.map { Position(at: $0, in: contents) })
        let side = try reading(base) { position in
            contents.cells[position].basis == .unplanned || wanted.contains(Position(at: position, in: contents))
        }
        let present = index.plannedPositions.filter { wanted.contains(Position(at: $0, in: contents)) }
        return (side, present.map(contents.cell))
    }

    /// The base with the cells of its plan that have no result in it, if the given states are to be compared with them:
    /// a run of selected cells records no others, also not that they are unsolvable.
    private func withPlanned(_ base: ComparisonSide, for states: [CellState]) throws -> ComparisonSide {
        guard let plan = base.plan else { return base }
        let known = Set(base.cells.map(\.cell.position))
        let lacking = states.filter { state in
            state.outcome != .success && state.isVerdict && !known.contains(state.cell.position)
        }
        let wanted = Set(lacking.map(\.cell.position))
        let shards = Set(lacking.map { CellShard(of: $0.cell) })
        var side = base
        for shard in shards {
            side.cells += try plan.cells(in: shard).filter { wanted.contains($0.cell.position) }
                .compactMap(ComparedCell.init(planned:))
        }
        return side
    }

    /// The required cells of the base whose package is missing in this plan in all versions.
    private func missing(
        from base: ComparisonSide, _ selectors: [Selector], _ advisory: Set<String>
    ) throws -> [ComparedCell] {
        guard let plan = base.plan else { return [] }
        let contents = index.contents
        let selection = Selection(selectors)
        let source = try SubjectSource(selection, in: self)
        let present = Set(index.plannedPositions.map { Position(at: $0, in: contents) })
        return try base.cells.filter { cell in
            guard let position = contents.position(of: cell.cell),
                !present.contains(Position(at: position, in: contents)),
                !advisory.contains(cell.cell.target),
                selection.picks(IndexedSubject(position: position, source: source))
            else { return false }
            return try plan.cells(in: CellShard(of: cell.cell)).contains { $0.cell == cell.cell && $0.required }
        }
    }
}
