public import Core

/// Logs shared between machines, addressed by the digests of their contents. Functions may block.
public protocol SharedLogs: Sendable {
    /// Uploads a log unless it exists. Does not remove the file.
    func put(_ log: Digest, archive file: String) throws

    /// Downloads a log of at most `limit` bytes into a new file.
    ///
    /// - Returns: False if it does not exist and nothing was written.
    /// - Throws: Also if the content does not match the digest.
    func get(_ log: Digest, to file: String, limit: Int) throws -> Bool
}
