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
    /// What a person reads: the error line, the explanation.
    package var reason: String?
    /// The package whose failure blocks the cell.
    package var blockedBy: PackageVersion?
    /// The commit whose message has the reason and what blocks the cell; nil where those are known.
    var commit: ObjectID?

    package init(
        cell: Cell, outcome: Outcome?, phase: Phase? = nil, signature: String? = nil, reason: String? = nil,
        blockedBy: PackageVersion? = nil
    ) {
        self.cell = cell
        self.outcome = outcome
        self.phase = phase
        self.signature = signature
        self.reason = reason
        self.blockedBy = blockedBy
    }

    package init(_ result: CellResult) {
        self.init(
            cell: result.cell, outcome: result.outcome, phase: result.phase, signature: result.signature,
            reason: result.reason, blockedBy: result.blockedBy)
    }

    /// A cell of the plan as it is now; nil for one that the matrix leaves out.
    package init?(_ state: CellState) {
        guard state.state != "excluded" else { return nil }
        self.init(
            cell: state.cell, outcome: state.outcome, phase: state.phase, signature: state.signature,
            reason: state.reason, blockedBy: state.blockedBy)
    }

    /// The state in a few words: `failure in build`, `blocked by dune`, `pending`.
    package var words: String {
        let word = outcome?.rawValue ?? "pending"
        if let blockedBy { return "\(word) by \(blockedBy.name)" }
        return phase.map { "\(word) in \($0.rawValue)" } ?? word
    }

    /// Whether another package is the cause.
    var isBlocked: Bool { outcome == .blocked }

    /// Whether two states of a cell say the same, in the same version of the package or not. What blocks them counts where it
    /// is known of both.
    func saysTheSame(as other: ComparedCell) -> Bool {
        guard outcome == other.outcome, signature == other.signature else { return false }
        guard let blockedBy, let blocker = other.blockedBy else { return true }
        return blockedBy.name == blocker.name
    }
}
