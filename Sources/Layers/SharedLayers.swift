public import Core

/// Archives of layers shared by several machines. Functions may block.
public protocol SharedLayers: Sendable {
    /// The layers whose archives exist.
    func list() throws -> Set<Digest>

    /// Uploads a layer's archive unless it exists. The file is kept.
    func put(_ layer: Digest, archive: String) throws

    /// Downloads a layer's archive of at most `limit` bytes to a new file.
    ///
    /// - Returns: false if it does not exist and nothing was written.
    /// - Throws: also if the contents do not match the digest.
    func get(_ layer: Digest, to archive: String, limit: Int) throws -> Bool
}
