internal import Git
package import Model

/// The state of a cell on one side of a comparison.
package struct ComparedCell: Sendable, Hashable {
    /// The cell under its name on this side.
    package var cell: Cell
    /// The outcome; nil if the cell is pending.
    package var outcome: Outcome?
    /// The phase that failed, if any.
    package var phase: Phase?
    /// The normalised error line, if any.
    package var signature: String?
    /// Whether the signature names no cause.
    package var isWeak: Bool
    /// Whether an infrastructure failure of another package was recorded to block the cell.
    package var isBlockedByInfrastructure = false
    /// The constraint that makes the cell unsolvable; nil if unknown.
    package var constraint: UnsolvableCause?
    /// The text for the user: the error line or the solver's explanation.
    package var reason: String?
    /// The package whose failure blocks the cell.
    package var blockedBy: PackageVersion?
    /// The commit whose message contains the reason and the blocking package; nil once they have been read.
    var commit: ObjectID?

    package init(
        cell: Cell, outcome: Outcome?, phase: Phase? = nil, signature: String? = nil, isWeak: Bool = false,
        reason: String? = nil, blockedBy: PackageVersion? = nil, constraint: UnsolvableCause? = nil
    ) {
        self.cell = cell
        self.outcome = outcome
        self.phase = phase
        self.signature = signature
        self.isWeak = isWeak
        self.reason = reason
        self.blockedBy = blockedBy
        self.constraint = constraint
    }

    /// The state of a cell with a recorded result.
    package init(_ result: CellResult) {
        self.init(
            cell: result.cell, outcome: result.outcome, phase: result.phase, signature: result.signature,
            isWeak: result.error?.isWeak ?? false, reason: result.reason, blockedBy: result.blockedBy)
        isBlockedByInfrastructure = result.isBlockedByInfrastructure
    }

    /// The current state of a planned cell; nil if the matrix excludes it.
    ///
    /// - Parameter isWeak: Whether the signature of a failure names no cause.
    package init?(_ state: CellState, isWeak: Bool = false) {
        guard state.state != "excluded" else { return nil }
        self.init(
            cell: state.cell, outcome: state.outcome, phase: state.phase, signature: state.signature, isWeak: isWeak,
            reason: state.reason, blockedBy: state.blockedBy, constraint: state.cause)
        isBlockedByInfrastructure = state.undecided == true
    }

    /// The outcome as a verdict on the package; nil if nothing is known about it.
    package var verdict: Outcome? { isBlockedByInfrastructure || outcome?.isVerdict != true ? nil : outcome }

    /// The state in a few words: `failure in build`, `blocked by dune`, `pending`.
    package var words: String {
        let word = outcome?.rawValue ?? "pending"
        let suffix = isBlockedByInfrastructure ? Outcome.infrastructureWords : ""
        if let blockedBy { return "\(word) by \(blockedBy.name)\(suffix)" }
        return phase.map { "\(word) in \($0.rawValue)" } ?? word
    }

    /// Whether the reason or the blocking package must be read to determine the cause.
    var needsDetails: Bool {
        switch outcome {
        case .blocked: true
        case .unsolvable: constraint == nil
        case .infrastructure: signature == nil
        case .success, .failure, .cancelled, nil: false
        }
    }

    /// Whether two states of a cell are equal apart from the package's version. The blocking packages are compared if
    /// both are known.
    func isEquivalent(to other: ComparedCell) -> Bool {
        guard outcome == other.outcome, signature == other.signature,
            isBlockedByInfrastructure == other.isBlockedByInfrastructure
        else { return false }
        guard let blockedBy, let blocker = other.blockedBy else { return true }
        return blockedBy.name == blocker.name
    }
}
