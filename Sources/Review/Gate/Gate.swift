internal import Core
package import Model

/// Whether the required cells of a deployment may pass. Whatever is not known to be good does not.
package struct Gate: Codable, Sendable {
    /// What the gate comes to.
    package enum Decision: String, Codable, Sendable, CaseIterable {
        /// Every required cell is good, fails as it is accepted to, or was no better in the base.
        case pass
        /// Some required cell is worse than it may be.
        case regression
        /// There is no regression, but of some required cell nothing is known.
        case undecided
    }

    /// A required cell, and why it is in its list.
    package struct Entry: Codable, Sendable {
        /// The cell.
        package var cell: Cell
        /// Its state in words; `missing` where the plan no longer has it.
        package var state: String
        /// Its state in the base, in words. Absent without a base, or where the base does not have it.
        package var before: String?
        /// The package in the version that the base has, where that is another one.
        package var packageBefore: PackageVersion?
        /// Why it is in the list, where the state does not say it.
        package var why: String?
        /// The cell whose failure this is: the cell itself, or the one that blocks it.
        package var cause: Cell?
        /// The normalised error line of that failure.
        package var signature: String?
        /// The id of the cause, as summaries have it. Absent where the cell is not bad.
        package var causeID: String?
        /// The error line or the explanation.
        package var reason: String?
        /// Why the failure of the cell is accepted.
        package var accepted: String?
    }

    /// What the gate comes to.
    package private(set) var decision = Decision.pass
    /// What the cells are compared with. Absent: every required cell must be good.
    package private(set) var base: String?
    /// How many cells are required, those whose failure is accepted among them.
    package private(set) var required = 0
    /// How many of these are good.
    package private(set) var good = 0
    /// Required cells that are worse than they may be.
    package private(set) var regressions: [Entry] = []
    /// Required cells of which nothing is known.
    package private(set) var undecided: [Entry] = []
    /// Required cells that are not good, and were not in the base.
    package private(set) var stillFailing: [Entry] = []
    /// Cells that fail as it is accepted.
    package private(set) var accepted: [Entry] = []
    /// Accepted failures of cells that succeed: the matrix should no longer accept them.
    package private(set) var stale: [Entry] = []

    /// - Parameters:
    ///   - states: the cells of the plan, all of them or some, in the order of their names.
    ///   - advisory: the targets that are not required.
    ///   - good: how many required cells are good besides.
    ///   - base: what the cells are compared with; nil: every required cell must be good. The outcomes are the last
    ///     verdicts, so that a run that the infrastructure failed hides none.
    ///   - causes: the ids of the causes of the cells that are bad.
    ///   - present: the cells of the plan that are versions of the packages in `states`; nil: those are all.
    ///   - missing: the required cells of the base that the plan no longer has in any version.
    package init(
        _ states: [CellState], advisory: Set<String>, good: Int = 0, causes: [Cell: String] = [:],
        base: ComparisonSide? = nil, present: [Cell]? = nil, missing: [ComparedCell] = []
    ) {
        self.base = base?.title
        (self.good, required) = (good, good)
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
                Entry(cell: cell.cell, state: "missing", before: cell.words, why: "the plan has no such cell"))
        }
        decision = !regressions.isEmpty ? .regression : !undecided.isEmpty ? .undecided : .pass
    }

    private mutating func judge(_ entry: Entry, _ state: CellState, _ base: GateBase?) {
        var entry = entry
        let before = base?[state.cell]
        entry.before = before?.words
        entry.packageBefore = before.flatMap { $0.cell.package == state.cell.package ? nil : $0.cell.package }
        guard let outcome = state.outcome, outcome.isVerdict, state.retry != true else {
            if state.retry == true { entry.why = "a retry is pending" }
            return undecided.append(entry)
        }
        if outcome == .success {
            good += 1
            if state.accepted != nil { stale.append(entry) }
            return
        }
        if state.accepted != nil {
            if state.isAcceptedFailure { return accepted.append(entry) }
            entry.why = "another failure than the accepted one"
        }
        if base == nil { regressions.append(entry) } else { compare(entry, state, with: before) }
    }

    /// Sorts a cell that is not good by what the base says of it.
    private mutating func compare(
        _ entry: Entry, _ state: CellState, with before: ComparedCell?
    ) {
        var entry = entry
        guard let before else {
            entry.why = entry.why ?? "new, and not good"
            return regressions.append(entry)
        }
        switch before.outcome {
        case .success: regressions.append(entry)
        case .failure, .blocked, .unsolvable:
            // What is accepted is one failure, and not that the cell fails.
            let isOther = state.accepted != nil && ComparedCell(state).map(before.saysTheSame) != true
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
