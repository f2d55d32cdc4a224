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

    /// Whether a failure in a phase and with a signature is accepted.
    public func covers(phase failed: Phase?, signature found: String?) -> Bool {
        guard phase == nil || phase == failed else { return false }
        guard let signature else { return true }
        return found.map { $0 == signature || Glob(signature).matches($0) } ?? false
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
    /// What a result makes of the acceptance of failures; nil if the matrix accepts none, and where the result says
    /// nothing about it. A cell that is blocked or unsolvable does not fail as the matrix says, where that names a failure.
    public func acceptance(of result: CellResult) -> AcceptanceState? {
        guard accepted != nil, isDecided(by: result) else { return nil }
        switch result.outcome {
        case .success: return .stale
        case .failure:
            let isCovered = acceptance?.covers(phase: result.phase, signature: result.signature) ?? true
            return isCovered ? .holds : .differs
        case .blocked, .unsolvable: return acceptance?.isLimited == true ? .differs : nil
        case .infrastructure, .cancelled: return nil
        }
    }
}
