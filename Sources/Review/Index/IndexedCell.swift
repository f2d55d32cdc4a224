internal import Core
internal import Model

/// A cell in an index: its plan and its last recorded result. Has a fixed size; texts are interned.
///
/// A job that decides no cell is stored as a separate cell with `isInput`.
struct IndexedCell: BitwiseCopyable {
    /// What decides a cell, corresponding to `PlannedCell.Basis`.
    enum Basis: UInt8, BitwiseCopyable {
        /// The plan does not have the cell.
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
    /// Whether more is planned when the build job has succeeded.
    var isProvisional = false
    var priority: Int32 = 0
    var accepted: InternedTexts.ID = 0
    /// Why the cell is unsolvable or excluded.
    var explanation: InternedTexts.ID = 0
    /// The constraint that makes the cell unsolvable, corresponding to `UnsolvableCause`: the 1-based index of its
    /// class, and the package that has the constraint.
    var causeCode: UInt8 = 0
    var causePackage: InternedTexts.ID = 0
    /// The accepted failures, corresponding to `Acceptance`.
    var hasAcceptance = false
    var acceptedPhaseCode: UInt8 = 0
    var acceptedSignature: InternedTexts.ID = 0
    var tracker: InternedTexts.ID = 0
    /// The essential sentence of the explanation of an unsolvable cell: that of its cause, otherwise the last one.
    var root: InternedTexts.ID = 0
    var untested: InternedTexts.ID = 0
    var build = Digest.zero
    var test = Digest.zero

    // MARK: The result

    /// The newest row of its history, or `HistoryRow.none` if nothing was ever recorded.
    var row = HistoryRow.none
    /// The last result; nil if there is none or its document was removed.
    var record: IndexedRecord?

    /// Whether the last result is of the planned job, like `PlannedCell.isDecided`.
    var isDecided: Bool {
        guard let record, !isInput else { return false }
        switch basis {
        case .unplanned, .excluded: return false
        case .unsolvable: return record.outcome == .unsolvable || record.outcome == .cancelled
        case .jobs:
            return record.hasJob
                && (record.job == build && (!hasTest && !isProvisional || record.outcome != .success)
                    || hasTest && record.job == test)
        }
    }

    /// The current outcome; nil if the cell is pending, excluded or not planned.
    var outcome: Outcome? {
        if isDecided { return record?.outcome }
        return basis == .unsolvable ? .unsolvable : nil
    }

    /// The current result; nil if the cell is pending or the plan alone decides it.
    var verdict: IndexedRecord? { isDecided ? record : nil }

    /// Its state, as in `CellState`.
    var state: String { basis == .excluded ? "excluded" : outcome?.rawValue ?? "pending" }

    /// Whether the cell is required and neither good nor excluded.
    var isRequiredAndNotGood: Bool { isRequired && basis != .excluded && outcome != .success }
}
