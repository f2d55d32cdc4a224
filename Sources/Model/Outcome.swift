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
}

/// The part of a build that failed.
public enum Phase: String, Codable, Sendable, CaseIterable {
    case fetch, depext, configure, build, test, install
}
