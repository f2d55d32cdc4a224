package import Model

/// Failures that have one signature, over all targets, and what they hold up.
package struct FailureCause: Codable, Sendable {
    /// The normalised error line; of a failure without one, the cell's name.
    package var signature: String
    /// The phase in which the first of the cells fails.
    package var phase: Phase?
    /// The error line of the first of the cells.
    package var reason: String?
    /// The cells that fail so, in order of their names.
    package var cells: [Cell]
    /// The cells that wait for one of those: they can be tried once it is mended.
    package var blocks: [Cell]

    /// The causes of all failures among `states`, those that spoil most cells first.
    ///
    /// A failure without a signature is a cause of its own.
    package static func causes(of states: [CellState]) -> [FailureCause] {
        let blocked = BlockedCells(among: states)
        let failures = states.filter { $0.outcome == .failure }
        let causes = Dictionary(grouping: failures, by: { $0.signature ?? $0.cell.description }).map {
            signature, failures in
            let failures = failures.sorted { $0.cell < $1.cell }
            return FailureCause(
                signature: signature, phase: failures[0].phase, reason: failures[0].reason,
                cells: failures.map(\.cell), blocks: failures.flatMap { blocked.waiting(for: $0.cell) }.sorted())
        }
        return causes.sorted { ($1.spoilt, $0.signature) < ($0.spoilt, $1.signature) }
    }

    private var spoilt: Int { cells.count + blocks.count }
}
