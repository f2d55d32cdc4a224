internal import Core
internal import Model

/// A result in an index, as described by its commit's message. Has a fixed size; texts are interned, and 0 denotes
/// none.
struct IndexedRecord: BitwiseCopyable {
    /// Outcome, phase and change as 1-based indexes into their `allCases`; 0 for nil.
    var outcomeCode: UInt8
    var phaseCode: UInt8 = 0
    var changeCode: UInt8 = 0
    /// Whether the document contains more than the message.
    var isAbridged = false
    var hasJob = false
    var hasLog = false
    var job = Digest.zero
    var log = Digest.zero
    /// Seconds since 1970, when the result was recorded.
    var time: UInt32 = 0
    /// The number of the run that recorded it; 0 if unknown.
    var run: UInt32 = 0
    /// Run and time of the first result of the series with the same outcome and signature.
    var sinceRun: UInt32 = 0
    var sinceTime: UInt32 = 0
    /// The duration in seconds; NaN if unknown.
    var duration = Double.nan
    var signature: InternedTexts.ID = 0
    var reason: InternedTexts.ID = 0
    var blockedBy: InternedTexts.ID = 0
    var machine: InternedTexts.ID = 0
    var execution: InternedTexts.ID = 0
    var previous: InternedTexts.ID = 0
    /// The kind of the failure in the log, and its class: what failures that differ only in a name have in common.
    var kind: InternedTexts.ID = 0
    var failureClass: InternedTexts.ID = 0
    /// Whether the signature names no cause.
    var isWeak = false

    var outcome: Outcome { Outcome(code: outcomeCode) ?? .infrastructure }
    var phase: Phase? { Phase(code: phaseCode) }
    var change: ResultChange? { ResultChange(code: changeCode) }
}

extension CaseIterable where Self: Equatable, AllCases.Index == Int {
    /// The case with a 1-based index; nil if there is none.
    init?(code: UInt8) {
        guard code > 0, Int(code) <= Self.allCases.count else { return nil }
        self = Self.allCases[Int(code) - 1]
    }

    /// The 1-based index of the case.
    var code: UInt8 { UInt8((Self.allCases.firstIndex(of: self) ?? 0) + 1) }
}
