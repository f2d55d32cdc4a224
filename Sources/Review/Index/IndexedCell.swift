internal import Core
internal import Model

/// A cell in an index: what the plan says of it, and its last recorded result. Of fixed size; texts are numbers.
///
/// A job that decides no cell is a cell of its own here, with `isInput`.
struct IndexedCell: BitwiseCopyable {
    /// What decides a cell, as `PlannedCell.Basis`.
    enum Basis: UInt8, BitwiseCopyable {
        /// The plan has no such cell.
        case unplanned
        case jobs, unsolvable, excluded
    }

    var target: InternedTexts.ID
    var compiler: InternedTexts.ID
    var name: InternedTexts.ID
    var version: InternedTexts.ID
    let isInput: Bool

    // MARK: The plan

    var basis = Basis.unplanned
    var isRequired = false
    var hasTest = false
    var priority: Int32 = 0
    var accepted: InternedTexts.ID = 0
    /// Why the cell is unsolvable or excluded.
    var explanation: InternedTexts.ID = 0
    /// The constraint that leaves the cell without a solution, as `UnsolvableCause`: the place of its class among all, from
    /// 1, and the package that has it.
    var causeCode: UInt8 = 0
    var causePackage: InternedTexts.ID = 0
    /// Which failures are accepted, as `Acceptance`.
    var hasAcceptance = false
    var acceptedPhaseCode: UInt8 = 0
    var acceptedSignature: InternedTexts.ID = 0
    var tracker: InternedTexts.ID = 0
    /// What the explanation of an unsolvable cell comes down to: the sentence of its cause, else the last of its sentences.
    var root: InternedTexts.ID = 0
    var untested: InternedTexts.ID = 0
    var build = Digest.zero
    var test = Digest.zero

    // MARK: The result

    /// The newest row of its history, or `HistoryRow.none` where nothing was ever recorded.
    var row = HistoryRow.none
    /// The last result; nil where there is none or its document was removed.
    var record: IndexedRecord?

    /// Whether the last result decides the cell as it is planned: as `PlannedCell.isDecided`.
    var isDecided: Bool {
        guard let record, !isInput else { return false }
        switch basis {
        case .unplanned, .excluded: return false
        case .unsolvable: return record.outcome == .unsolvable || record.outcome == .cancelled
        case .jobs:
            return record.hasJob
                && (record.job == build && (!hasTest || record.outcome != .success) || hasTest && record.job == test)
        }
    }

    /// The outcome that counts; nil where the cell is pending, excluded or not planned.
    var outcome: Outcome? {
        if isDecided { return record?.outcome }
        return basis == .unsolvable ? .unsolvable : nil
    }

    /// The result that counts; nil where the cell is pending, or the plan alone decides it.
    var verdict: IndexedRecord? { isDecided ? record : nil }

    /// The word of its state, as in `CellState`.
    var state: String { basis == .excluded ? "excluded" : outcome?.rawValue ?? "pending" }

    /// Whether the matrix requires the cell, and it is neither good nor excluded.
    var isRequiredAndNotGood: Bool { isRequired && basis != .excluded && outcome != .success }
}
