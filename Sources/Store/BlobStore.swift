public import Core

/// Immutable contents addressed by digests, which dispatchers and workers exchange.
public protocol BlobStore: Sendable {
    /// Stores a blob. An existing one is renewed, so that it counts as new for garbage collection.
    ///
    /// - Parameter durably: Whether it must survive a power failure.
    func put(_ bytes: [UInt8], durably: Bool) throws -> Digest

    /// Reads a blob; nil if it does not exist.
    ///
    /// - Throws: `StoreError` of kind `corrupted` if the content does not match the digest.
    func bytes(of digest: Digest) throws -> [UInt8]?

    /// Reads what a blob has of a part, without comparing it with the digest; nil if the blob does not exist or cannot
    /// be read in part.
    func part(_ range: Range<Int>, of digest: Digest) throws -> [UInt8]?

    /// Removes a blob if it exists.
    func remove(_ digest: Digest) throws
}

extension BlobStore {
    public func part(_ range: Range<Int>, of digest: Digest) throws -> [UInt8]? { nil }
}
