package import Model

extension Difference {
    /// Changes with the same kind and cause.
    package struct Group: Encodable, Sendable {
        /// How the cells compare.
        package var kind: ChangeKind
        /// The id of the cause. Absent if nothing failed on either side.
        package var cause: String?
        /// The cells under their names on the later side, sorted.
        package var cells: [Cell]
        /// The reason of `first`. Absent if there is none or it was not read.
        package var reason: String?
        /// The representative change: that of the cell that failed itself, if it is among them.
        let first: Change

        enum CodingKeys: String, CodingKey {
            case kind = "verdict"
            case cause, cells, reason
        }

        init(_ kind: ChangeKind, _ changes: [Change]) {
            self.kind = kind
            first = changes.first { $0.cause == $0.cell } ?? changes[0]
            (cause, cells, reason) = (first.causeID, changes.map(\.cell), first.reason)
        }
    }

    /// The changes of a kind grouped by cause, largest group first.
    package func groups(of kind: ChangeKind) -> [Group] {
        // New cells that are good are not reported.
        let own = changes.filter { $0.kind == kind && (kind != .new || $0.isBad) }
        return Dictionary(grouping: own, by: { $0.causeID ?? $0.cell.description }).values
            .map { Group(kind, $0) }
            .sorted { ($1.cells.count, $0.cells[0]) < ($0.cells.count, $1.cells[0]) }
    }
}

extension Difference.Change {
    /// Whether the cell is known to be bad on the later side.
    var isBad: Bool {
        guard let outcome = after.flatMap(Outcome.init(rawValue:)) else { return false }
        return outcome != .success && outcome.isVerdict && undecided != true
    }

    /// The states on both sides in words.
    package var words: String {
        let before = (before ?? "none") + (packageBefore.map { " with \($0.version)" } ?? "")
        return "\(before) → \(after ?? "none")\(undecided == true ? Outcome.infrastructureWords : "")"
    }
}
