internal import Core

/// The failures of a cell that the matrix accepts, if it does not accept all, and the issue that tracks them.
public struct Acceptance: Codable, Hashable, Sendable {
    /// The phase that may fail; nil for any phase.
    public var phase: Phase?
    /// A glob that the failure's signature must match; nil for any signature.
    public var signature: String?
    /// The address of the issue about the failure.
    public var tracker: String?

    public init(phase: Phase? = nil, signature: String? = nil, tracker: String? = nil) {
        self.phase = phase
        self.signature = signature
        self.tracker = tracker
    }

    /// Whether the acceptance is limited to some failures.
    public var isLimited: Bool { phase != nil || signature != nil }

    /// Whether the acceptance covers a failure in this phase with this signature.
    public func covers(phase failed: Phase?, signature found: String?) -> Bool {
        guard phase == nil || phase == failed else { return false }
        guard let signature else { return true }
        return found.map { $0 == signature || Glob(signature).matches($0) } ?? false
    }
}

/// How the result of a cell compares with the failure that the matrix accepts.
public enum AcceptanceState: String, Codable, Sendable, CaseIterable {
    /// The cell fails in an accepted way.
    case holds
    /// The cell fails in another phase or with another signature, which the matrix does not accept.
    case differs
    /// The cell is good: the accepted failure no longer occurs.
    case stale
}

extension PlannedCell {
    /// How a result compares with the accepted failures; nil if the matrix accepts none, or if the result does not
    /// decide the question. A blocked or unsolvable cell differs from an acceptance that names a phase or a signature.
    public func acceptance(of result: CellResult) -> AcceptanceState? {
        guard accepted != nil, isDecided(by: result), result.isVerdict else { return nil }
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
