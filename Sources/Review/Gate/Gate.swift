internal import Core
package import Model

/// The decision whether the required cells of a deployment pass. Cells not known to be good do not pass.
///
/// - SeeAlso: `docs/decisions/0220-gate.md`
package struct Gate: Codable, Sendable {
    /// The decision of a gate.
    package enum Decision: String, Codable, Sendable, CaseIterable {
        /// Every required cell is good, is an accepted failure, or was no better in the base.
        case pass
        /// A required cell is worse than allowed.
        case regression
        /// There is no regression, but the state of a required cell is unknown.
        case undecided
    }

    /// A required cell, and why it is in its list.
    package struct Entry: Codable, Sendable {
        /// The cell.
        package var cell: Cell
        /// Its state in words; `missing` if the plan no longer has it.
        package var state: String
        /// Its state in the base, in words. Absent without a base, or if the base does not have the cell.
        package var before: String?
        /// The package with its version in the base, if that differs.
        package var packageBefore: PackageVersion?
        /// Why it is in the list, unless the state implies it.
        package var why: String?
        /// The cell that failed: the cell itself or the one that blocks it.
        package var cause: Cell?
        /// The normalised error line of that failure.
        package var signature: String?
        /// The id of the cause, equal to that in summaries. Absent if the cell is not bad.
        package var causeID: String?
        /// The error line or the explanation.
        package var reason: String?
        /// Why the failure of the cell is accepted.
        package var accepted: String?
    }

    /// The decision.
    package private(set) var decision = Decision.pass
    /// The title of the base. Absent if every required cell must be good.
    package private(set) var base: String?
    /// The number of required cells, including accepted failures.
    package private(set) var required = 0
    /// The number of good ones among them.
    package private(set) var good = 0
    /// Required cells that are worse than allowed.
    package private(set) var regressions: [Entry] = []
    /// Required cells whose state is unknown.
    package private(set) var undecided: [Entry] = []
    /// Required cells that are not good, and were not good in the base.
    package private(set) var stillFailing: [Entry] = []
    /// The number of further such cells that are not listed. Not in documents, which list all cells.
    package private(set) var unlistedStillFailing = 0
    /// Accepted failures.
    package private(set) var accepted: [Entry] = []
    /// Cells that succeed although the matrix accepts their failure: the acceptance should be removed.
    package private(set) var stale: [Entry] = []

    private enum CodingKeys: CodingKey {
        case decision, base, required, good, regressions, undecided, stillFailing, accepted, stale
    }

    /// - Parameters:
    ///   - states: The planned cells to check, sorted by name.
    ///   - advisory: The targets that are not required.
    ///   - good: The number of further required cells, all of them good.
    ///   - stillFailing: The number of further required cells that are not good, and were not good in the base.
    ///   - base: The state to compare with; if nil, every required cell must be good. Its outcomes are the last
    ///     verdicts, so that infrastructure failures do not hide them.
    ///   - causes: The ids of the causes of bad cells.
    ///   - present: The planned cells that are versions of the packages in `states`; nil if `states` has all of them.
    ///   - missing: The required cells of the base whose package is missing in the plan in all versions.
    package init(
        _ states: [CellState], advisory: Set<String>, good: Int = 0, stillFailing: Int = 0,
        causes: [Cell: String] = [:],
        base: ComparisonSide? = nil, present: [Cell]? = nil, missing: [ComparedCell] = []
    ) {
        self.base = base?.title
        (self.good, unlistedStillFailing, required) = (good, stillFailing, good + stillFailing)
        let base = base.map { GateBase($0.cells, present: present ?? states.map(\.cell)) }
        let failures = states.filter { $0.outcome == .failure }
        let signatures = Dictionary(failures.map { ($0.cell, $0.signature) }, uniquingKeysWith: { first, _ in first })
        for state in states where state.state != "excluded" && !advisory.contains(state.cell.target) {
            guard state.required || state.accepted != nil else { continue }
            required += 1
            judge(Entry(state, signatures, cause: causes[state.cell]), state, base)
        }
        for cell in missing {
            required += 1
            undecided.append(
                Entry(cell: cell.cell, state: "missing", before: cell.words, why: "not in the plan"))
        }
        decision = !regressions.isEmpty ? .regression : !undecided.isEmpty ? .undecided : .pass
    }

    private mutating func judge(_ entry: Entry, _ state: CellState, _ base: GateBase?) {
        var entry = entry
        let before = base?[state.cell]
        entry.before = before?.words
        entry.packageBefore = before.flatMap { $0.cell.package == state.cell.package ? nil : $0.cell.package }
        guard state.isVerdict, state.retry != true else {
            if state.undecided == true { entry.why = "an infrastructure failure blocks it" }
            if state.retry == true { entry.why = "a retry is pending" }
            return undecided.append(entry)
        }
        if state.outcome == .success {
            good += 1
            if state.accepted != nil { stale.append(entry) }
            return
        }
        if state.accepted != nil {
            if state.isAcceptedFailure { return accepted.append(entry) }
            entry.why = "not the accepted failure"
        }
        if base == nil { regressions.append(entry) } else { compare(entry, state, with: before) }
    }

    /// Classifies a cell that is not good by its state in the base.
    private mutating func compare(
        _ entry: Entry, _ state: CellState, with before: ComparedCell?
    ) {
        var entry = entry
        guard let before else {
            entry.why = entry.why ?? "new, and not good"
            return regressions.append(entry)
        }
        switch before.verdict {
        case .success: regressions.append(entry)
        case .failure, .blocked, .unsolvable:
            // The matrix accepts a specific failure, so a different one is a regression.
            let isOther = state.accepted != nil && ComparedCell(state).map(before.isEquivalent) != true
            if isOther { regressions.append(entry) } else { stillFailing.append(entry) }
        case .infrastructure, .cancelled, nil:
            entry.why = "not good, and the base has no verdict on it"
            undecided.append(entry)
        }
    }
}

extension Gate.Entry {
    fileprivate init(_ state: CellState, _ signatures: [Cell: String?], cause id: String?) {
        var (cause, signature): (Cell?, String?) = (nil, nil)
        if let blocker = state.blockedBy {
            let cell = Cell(target: state.cell.target, compiler: state.cell.compiler, package: blocker)
            (cause, signature) = (cell, signatures[cell] ?? nil)
        } else if state.outcome == .failure || state.outcome == .unsolvable {
            (cause, signature) = (state.cell, state.signature)
        }
        self.init(
            cell: state.cell, state: state.ownWords, cause: cause, signature: signature, causeID: id,
            reason: state.cause?.sentence ?? state.reason, accepted: state.accepted)
    }
}
