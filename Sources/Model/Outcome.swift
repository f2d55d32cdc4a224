/// What became of a cell or a job.
public enum Outcome: String, Codable, Sendable, CaseIterable {
    case success
    /// The package is to blame: see the phase and the signature.
    case failure
    /// A job that it needs did not succeed.
    case blocked
    /// No set of package versions satisfies the request.
    case unsolvable
    /// The machine, the network or the disk is to blame. Never cached, retried.
    case infrastructure
    case cancelled

    /// Whether the outcome says something about the package.
    public var isVerdict: Bool {
        switch self {
        case .success, .failure, .blocked, .unsolvable: true
        case .infrastructure, .cancelled: false
        }
    }
}

/// The part of a build that failed.
public enum Phase: String, Codable, Sendable, CaseIterable {
    case fetch, depext, configure, build, test, install
}
