package import Core
package import Model

/// A blob store that has the requests and jobs of its own process in memory, so that the worker in the process need not
/// parse them.
///
/// - SeeAlso: `docs/decisions/0243-requests-in-memory.md`
package protocol ProcessRequests: Sendable {
    /// The request with this digest; nil if it is not in memory.
    func request(_ digest: Digest) -> ExecutionRequest?

    /// The job with this id; nil if it is not in memory.
    func job(_ id: Digest) -> Job?
}
