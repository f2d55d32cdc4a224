internal import Core
internal import Git
internal import Model
internal import Records
internal import Store

extension IndexContents {
    /// Updates the index to a plan. Reads only the documents of cells that differ from its previous plan.
    ///
    /// - Throws: `StoreError`; `Failure` if a document of the plan is invalid.
    mutating func setPlan(_ documents: PlanDocuments, in store: Store) throws {
        guard let base = documents.base, plan != base.commit else { return }
        let known = plan.flatMap { try? store.snapshot(at: $0) }
        if let known {
            let old = PlanDocuments(base: known)
            for difference in try documents.differences(from: old) where difference.path.isInside(PlanLayout.cells) {
                if difference.isInOld { for cell in try old.cells(at: difference.path) { unplan(cell.cell) } }
                if difference.isInNew { for cell in try documents.cells(at: difference.path) { set(cell) } }
            }
        } else {
            for position in cells.indices { cells[position].basis = .unplanned }
            for cell in try documents.cells() { set(cell) }
        }
        plan = base.commit
    }

    private mutating func unplan(_ cell: Cell) {
        if let position = position(of: cell) { cells[position].basis = .unplanned }
    }

    private mutating func set(_ planned: PlannedCell) {
        guard let position = position(ofName: planned.cell.description, isInput: false) else { return }
        var cell = cells[position]
        cell.isRequired = planned.required
        cell.priority = Int32(clamping: planned.priority)
        cell.accepted = planned.accepted.map { texts.intern($0) } ?? 0
        cell.untested = planned.untested.map { texts.intern($0) } ?? 0
        (cell.hasTest, cell.explanation, cell.root) = (false, 0, 0)
        cell.isProvisional = planned.isProvisional
        cell.causeCode = planned.cause?.class.code ?? 0
        cell.causePackage = planned.cause.map { texts.intern($0.package) } ?? 0
        cell.hasAcceptance = planned.acceptance != nil
        cell.acceptedPhaseCode = planned.acceptance?.phase?.code ?? 0
        cell.acceptedSignature = planned.acceptance?.signature.map { texts.intern($0) } ?? 0
        cell.tracker = planned.acceptance?.tracker.map { texts.intern($0) } ?? 0
        switch planned.basis {
        case .jobs(let build, let test):
            (cell.basis, cell.build, cell.hasTest, cell.test) = (.jobs, build, test != nil, test ?? .zero)
        case .unsolvable(let explanation):
            (cell.basis, cell.explanation) = (.unsolvable, texts.intern(explanation))
            cell.root = planned.cause.map { texts.intern($0.sentence) } ?? 0
            if cell.root == 0 {
                cell.root = explanation.split(separator: "\n").last.map { texts.intern(String($0)) } ?? 0
            }
        case .excluded(let reason):
            (cell.basis, cell.explanation) = (.excluded, texts.intern(reason))
        }
        cells[position] = cell
    }

    /// The planned cell; nil if the plan does not have it.
    func planned(at position: Int) -> PlannedCell? {
        let cell = cells[position]
        let basis: PlannedCell.Basis
        switch cell.basis {
        case .unplanned: return nil
        case .jobs: basis = .jobs(build: cell.build, test: cell.hasTest ? cell.test : nil)
        case .unsolvable: basis = .unsolvable(explanation: texts[cell.explanation])
        case .excluded: basis = .excluded(reason: texts[cell.explanation])
        }
        let cause = UnsolvableCause.Class(code: cell.causeCode).map {
            UnsolvableCause($0, package: texts[cell.causePackage], sentence: texts[cell.root])
        }
        let acceptance = Acceptance(
            phase: Phase(code: cell.acceptedPhaseCode), signature: texts.text(cell.acceptedSignature),
            tracker: texts.text(cell.tracker))
        return PlannedCell(
            cell: self.cell(at: position), basis: basis, required: cell.isRequired, priority: Int(cell.priority),
            accepted: texts.text(cell.accepted), acceptance: cell.hasAcceptance ? acceptance : nil, cause: cause,
            untested: texts.text(cell.untested), provisional: cell.isProvisional ? true : nil)
    }

    /// Whether a cell is required, and is neither good nor excluded nor an accepted failure.
    func isRequiredAndNotGood(at position: Int) -> Bool {
        let cell = cells[position]
        guard cell.isRequiredAndNotGood else { return false }
        guard cell.accepted != 0, let record = cell.verdict, record.outcome == .failure else { return true }
        var result = CellResult(
            cell: self.cell(at: position), job: record.hasJob ? record.job : nil, outcome: .failure, repositories: [])
        (result.phase, result.signature) = (record.phase, texts.text(record.signature))
        return planned(at: position)?.acceptance(of: result) != .holds
    }
}
