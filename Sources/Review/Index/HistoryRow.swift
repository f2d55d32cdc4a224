internal import Git
internal import Model

/// An entry in an index's history: a result of a cell, or the removal of its document. Has a fixed size.
struct HistoryRow: BitwiseCopyable {
    typealias Number = UInt32
    /// The number that denotes no row.
    static let none = Number.max

    let commit: ObjectID
    /// The index of the cell.
    let cell: UInt32
    /// Seconds since 1970.
    let time: UInt32
    var signature: InternedTexts.ID = 0
    /// The previous row of the same cell, or `none`.
    var before = HistoryRow.none
    /// The first row of the series with the same outcome and signature.
    var since = HistoryRow.none
    /// The number of the run; 0 if unknown.
    var run: UInt32 = 0
    /// Outcome, phase and change as 1-based indexes into their `allCases`; 0 for nil. Without an outcome, the document
    /// was removed.
    var outcomeCode: UInt8 = 0
    var phaseCode: UInt8 = 0
    var changeCode: UInt8 = 0
    /// 1 if the signature names no cause.
    private var weakness: UInt8 = 0
    /// The checksum of the row, which is verified when the row is read.
    private(set) var check: UInt32 = 0

    init(commit: ObjectID, cell: UInt32, time: UInt32) {
        self.commit = commit
        self.cell = cell
        self.time = time
    }

    init(_ record: IndexedRecord, commit: ObjectID, cell: UInt32) {
        self.init(commit: commit, cell: cell, time: record.time)
        signature = record.signature
        run = record.run
        (outcomeCode, phaseCode, changeCode) = (record.outcomeCode, record.phaseCode, record.changeCode)
        weakness = record.isWeak ? 1 : 0
    }

    /// Whether the signature names no cause.
    var isWeak: Bool { weakness != 0 }

    /// Nil if the document was removed.
    var outcome: Outcome? { Outcome(code: outcomeCode) }
    var phase: Phase? { Phase(code: phaseCode) }
    var change: ResultChange? { ResultChange(code: changeCode) }
    /// Whether the result is a verdict on the package.
    var isVerdict: Bool { outcome?.isVerdict(change) ?? false }

    /// Whether two rows of a cell have equal results.
    func isEquivalent(to other: HistoryRow) -> Bool {
        outcomeCode == other.outcomeCode && signature == other.signature && isVerdict == other.isVerdict
    }

    /// Whether the row is undamaged and was written under this number.
    func isSound(as number: Number) -> Bool {
        check == computedCheck(number) && (before == Self.none || before < number)
    }

    /// Sets the checksum for writing the row under this number.
    mutating func seal(as number: Number) { check = computedCheck(number) }

    private func computedCheck(_ number: Number) -> UInt32 {
        var row = self
        row.check = number
        let sum = withUnsafeBytes(of: row) { Checksum($0).value }
        return UInt32(truncatingIfNeeded: sum ^ sum >> 32)
    }
}
