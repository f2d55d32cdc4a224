package import Core

/// The log file of a running job, which is sealed or discarded at the job's end.
package protocol RunningJobLog: AnyObject, Sendable {
    /// The path of the file, which exists.
    var path: String { get }

    /// Ends the log and stores it under its digest.
    func seal() throws -> Digest

    /// Deletes the log.
    func discard()
}
