internal import Git
internal import Model

/// An entry of an index's history: one result of one cell, or that its document was removed. Of fixed size.
struct HistoryRow: BitwiseCopyable {
    typealias Number = UInt32
    /// The number of no row.
    static let none = Number.max

    let commit: ObjectID
    /// The place of the cell.
    let cell: UInt32
    /// Seconds since 1970.
    let time: UInt32
    var signature: InternedTexts.ID = 0
    /// The row before of the same cell, or `none`.
    var before = HistoryRow.none
    /// The row since which outcome and signature are the same.
    var since = HistoryRow.none
    /// The number of the run; 0: unknown.
    var run: UInt32 = 0
    /// Outcome, phase and change by their places among all cases, from 1; 0 is none. No outcome: the document was removed.
    var outcomeCode: UInt8 = 0
    var phaseCode: UInt8 = 0
    var changeCode: UInt8 = 0
    /// 1 where the signature names no cause.
    private var weakness: UInt8 = 0
    /// By which damage is noticed: rows are checked one by one, when they are read.
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

    /// Nil where the document was removed.
    var outcome: Outcome? { Outcome(code: outcomeCode) }
    var phase: Phase? { Phase(code: phaseCode) }
    var change: ResultChange? { ResultChange(code: changeCode) }

    /// Whether two rows of one cell say the same.
    func saysTheSame(as other: HistoryRow) -> Bool {
        outcomeCode == other.outcomeCode && signature == other.signature
    }

    /// Whether the row is as it was written, under this number.
    func isSound(as number: Number) -> Bool {
        check == computedCheck(number) && (before == Self.none || before < number)
    }

    /// Prepares the row for being written under this number.
    mutating func seal(as number: Number) { check = computedCheck(number) }

    private func computedCheck(_ number: Number) -> UInt32 {
        var row = self
        row.check = number
        let sum = withUnsafeBytes(of: row) { Checksum($0).value }
        return UInt32(truncatingIfNeeded: sum ^ sum >> 32)
    }
}
