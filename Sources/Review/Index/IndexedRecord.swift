internal import Core
internal import Model

/// A result in an index: what the message of its commit says. Of fixed size; texts are numbers, and 0 is none.
struct IndexedRecord: BitwiseCopyable {
    /// Outcome, phase and change by their places among all cases, from 1; 0 is none.
    var outcomeCode: UInt8
    var phaseCode: UInt8 = 0
    var changeCode: UInt8 = 0
    /// Whether the document says more than the message.
    var isAbridged = false
    var hasJob = false
    var hasLog = false
    var job = Digest.zero
    var log = Digest.zero
    /// Seconds since 1970, when the result was recorded.
    var time: UInt32 = 0
    /// The number of the run that recorded it; 0: unknown.
    var run: UInt32 = 0
    /// Run and time of the result since which outcome and signature are the same.
    var sinceRun: UInt32 = 0
    var sinceTime: UInt32 = 0
    /// Seconds; not a number where unknown.
    var duration = Double.nan
    var signature: InternedTexts.ID = 0
    var reason: InternedTexts.ID = 0
    var blockedBy: InternedTexts.ID = 0
    var machine: InternedTexts.ID = 0
    var execution: InternedTexts.ID = 0
    var previous: InternedTexts.ID = 0
    /// What kind of failure the log shows, and what failures that differ in a name only have in common.
    var kind: InternedTexts.ID = 0
    var failureClass: InternedTexts.ID = 0
    /// Whether the signature names no cause.
    var isWeak = false

    var outcome: Outcome { Outcome(code: outcomeCode) ?? .infrastructure }
    var phase: Phase? { Phase(code: phaseCode) }
    var change: ResultChange? { ResultChange(code: changeCode) }
}

extension CaseIterable where Self: Equatable, AllCases.Index == Int {
    /// The case whose place among all cases is one less; nil for 0 and for a number that none has.
    init?(code: UInt8) {
        guard code > 0, Int(code) <= Self.allCases.count else { return nil }
        self = Self.allCases[Int(code) - 1]
    }

    /// One more than the place of the case among all cases.
    var code: UInt8 { UInt8((Self.allCases.firstIndex(of: self) ?? 0) + 1) }
}
