public import Core

/// Archives of layers that several machines share. Functions may block.
public protocol SharedLayers: Sendable {
    /// The layers whose archives are there.
    func list() throws -> Set<Digest>

    /// Adds a layer's archive, unless it is there. The file stays.
    func put(_ layer: Digest, archive: String) throws

    /// Writes a layer's archive into a new file, at most `limit` bytes.
    ///
    /// - Returns: false if it is not there, and nothing was written.
    /// - Throws: where what is there does not have that digest, too.
    func get(_ layer: Digest, to archive: String, limit: Int) throws -> Bool
}
