public import Core

/// Logs that several machines share, by the digests of their contents. Functions may block.
public protocol SharedLogs: Sendable {
    /// Adds a log, unless it is there. The file stays.
    func put(_ log: Digest, archive file: String) throws

    /// Writes a log into a new file, at most `limit` bytes.
    ///
    /// - Returns: false where it is not there, and nothing was written.
    /// - Throws: where what is there does not have that digest, too.
    func get(_ log: Digest, to file: String, limit: Int) throws -> Bool
}
