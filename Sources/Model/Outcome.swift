/// The outcome of a cell or a job.
///
/// - SeeAlso: `docs/decisions/0317-blocked-by-infrastructure.md`
public enum Outcome: String, Codable, Sendable, CaseIterable {
    case success
    /// The package is at fault: see the phase and the signature.
    case failure
    /// A job that it depends on did not succeed.
    case blocked
    /// No set of package versions satisfies the request.
    case unsolvable
    /// The machine, the network or the disk is at fault. Never cached; retried.
    case infrastructure
    case cancelled

    /// Whether the outcome is a verdict on the package, unless an infrastructure failure blocks the cell: see
    /// `isVerdict(_:)`.
    public var isVerdict: Bool {
        switch self {
        case .success, .failure, .blocked, .unsolvable: true
        case .infrastructure, .cancelled: false
        }
    }

    /// Whether the outcome is one of the job's own commands.
    package var isVerdictOnJob: Bool { self == .success || self == .failure }

    /// Whether a result with this outcome is a verdict on the package. Nothing is known about a package that an
    /// infrastructure failure of another one blocks.
    ///
    /// - Parameter change: The recorded change: such a result is `undecided`.
    public func isVerdict(_ change: ResultChange?) -> Bool { isVerdict && change != .undecided }

    /// The outcome of a result in a few words: `failure in build`, `blocked (infrastructure)`.
    package func words(in phase: Phase?, _ change: ResultChange? = nil) -> String {
        rawValue + (phase.map { " in \($0.rawValue)" } ?? "")
            + (self == .blocked && !isVerdict(change) ? Self.infrastructureWords : "")
    }

    /// The suffix of `blocked` if an infrastructure failure blocks the cell.
    package static let infrastructureWords = " (infrastructure)"
}

/// The part of a build that failed.
public enum Phase: String, Codable, Sendable, CaseIterable {
    case fetch, depext, configure, build, test, install
}
