internal import Git
package import Model

/// What one side of a comparison has of a cell.
package struct ComparedCell: Sendable, Hashable {
    /// The cell, as it is called on this side.
    package var cell: Cell
    /// The outcome; nil where the cell is pending.
    package var outcome: Outcome?
    /// The phase that failed; nil where none did.
    package var phase: Phase?
    /// The normalised error line; nil where there is none.
    package var signature: String?
    /// Whether the signature names no cause.
    package var isWeak: Bool
    /// The constraint that leaves the cell without a solution; nil where that is unknown.
    package var constraint: UnsolvableCause?
    /// What a person reads: the error line, the explanation.
    package var reason: String?
    /// The package whose failure blocks the cell.
    package var blockedBy: PackageVersion?
    /// The commit whose message has the reason and what blocks the cell; nil where those are known.
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

    package init(_ result: CellResult) {
        self.init(
            cell: result.cell, outcome: result.outcome, phase: result.phase, signature: result.signature,
            isWeak: result.error?.isWeak ?? false, reason: result.reason, blockedBy: result.blockedBy)
    }

    /// A cell of the plan as it is now; nil for one that the matrix leaves out.
    ///
    /// - Parameter isWeak: whether the signature of a failure names no cause.
    package init?(_ state: CellState, isWeak: Bool = false) {
        guard state.state != "excluded" else { return nil }
        self.init(
            cell: state.cell, outcome: state.outcome, phase: state.phase, signature: state.signature, isWeak: isWeak,
            reason: state.reason, blockedBy: state.blockedBy, constraint: state.cause)
    }

    /// The state in a few words: `failure in build`, `blocked by dune`, `pending`.
    package var words: String {
        let word = outcome?.rawValue ?? "pending"
        if let blockedBy { return "\(word) by \(blockedBy.name)" }
        return phase.map { "\(word) in \($0.rawValue)" } ?? word
    }

    /// Whether the reason, or what blocks the cell, is needed to name its cause.
    var needsDetails: Bool {
        switch outcome {
        case .blocked: true
        case .unsolvable: constraint == nil
        case .infrastructure: signature == nil
        case .success, .failure, .cancelled, nil: false
        }
    }

    /// Whether two states of a cell say the same, in the same version of the package or not. What blocks them counts where it
    /// is known of both.
    func saysTheSame(as other: ComparedCell) -> Bool {
        guard outcome == other.outcome, signature == other.signature else { return false }
        guard let blockedBy, let blocker = other.blockedBy else { return true }
        return blockedBy.name == blocker.name
    }
}
