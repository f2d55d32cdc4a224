package import Core

/// Where the log of a job is written while it runs, and what becomes of it at the job's end.
package protocol RunningJobLog: AnyObject, Sendable {
    /// The file, which is there and grows.
    var path: String { get }

    /// Ends the log: from now on it is known by its digest.
    func seal() throws -> Digest

    /// Drops the log.
    func discard()
}
