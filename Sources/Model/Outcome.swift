/// The outcome of a cell or a job.
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

    /// Whether the outcome is a verdict on the package.
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
