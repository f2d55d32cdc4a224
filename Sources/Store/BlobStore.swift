public import Core

/// Immutable contents under their digests: what dispatchers hand to workers, and workers to dispatchers.
public protocol BlobStore: Sendable {
    /// Stores contents, and renews those that are there: they count as new for garbage collection.
    ///
    /// - Parameter durably: whether they must survive a loss of power.
    func put(_ bytes: [UInt8], durably: Bool) throws -> Digest

    /// The contents; nil where they are not there.
    ///
    /// - Throws: `StoreError` of kind `corrupted` where they do not have that digest.
    func bytes(of digest: Digest) throws -> [UInt8]?

    /// Drops contents, if they are there.
    func remove(_ digest: Digest) throws
}
