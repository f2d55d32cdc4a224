internal import Core

/// Which failures of a cell the matrix accepts, where it does not accept all, and where they are tracked.
public struct Acceptance: Codable, Hashable, Sendable {
    /// The phase that may fail; nil: any.
    public var phase: Phase?
    /// A glob that the failure's signature must match; nil: any.
    public var signature: String?
    /// The address of the issue about the failure.
    public var tracker: String?

    public init(phase: Phase? = nil, signature: String? = nil, tracker: String? = nil) {
        self.phase = phase
        self.signature = signature
        self.tracker = tracker
    }

    /// Whether only some failures are accepted.
    public var isLimited: Bool { phase != nil || signature != nil }

    /// Whether the result is a failure that is accepted.
    func covers(_ result: CellResult) -> Bool {
        guard phase == nil || phase == result.phase else { return false }
        guard let signature else { return true }
        return result.signature.map { $0 == signature || Glob(signature).matches($0) } ?? false
    }
}

/// What became of a failure that the matrix accepts.
public enum AcceptanceState: String, Codable, Sendable, CaseIterable {
    /// The cell fails as the matrix says.
    case holds
    /// The cell fails in another phase or with another signature, which the matrix does not accept.
    case differs
    /// The cell is good: the matrix accepts a failure that is no more.
    case stale
}

extension PlannedCell {
    /// What a result makes of the acceptance of failures; nil where the matrix accepts none, and where the result is neither
    /// a success nor a failure.
    public func acceptance(of result: CellResult) -> AcceptanceState? {
        guard accepted != nil, isDecided(by: result) else { return nil }
        switch result.outcome {
        case .success: return .stale
        case .failure: return acceptance?.covers(result) ?? true ? .holds : .differs
        case .blocked, .unsolvable, .infrastructure, .cancelled: return nil
        }
    }
}
