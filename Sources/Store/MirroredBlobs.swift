public import Core

/// Contents that are stored here and shared with other machines. Contents shared by others are read from where they are
/// shared.
public struct MirroredBlobs: BlobStore {
    private let own: any BlobStore
    private let shared: any BlobStore

    /// - Parameters:
    ///   - own: is read first, and may drop contents.
    ///   - shared: keeps everything that is stored.
    public init(_ own: any BlobStore, sharedBy shared: any BlobStore) {
        self.own = own
        self.shared = shared
    }

    public func put(_ bytes: [UInt8], durably: Bool) throws -> Digest {
        let digest = try own.put(bytes, durably: durably)
        _ = try shared.put(bytes, durably: durably)
        return digest
    }

    public func bytes(of digest: Digest) throws -> [UInt8]? { try own.bytes(of: digest) ?? shared.bytes(of: digest) }

    public func part(_ range: Range<Int>, of digest: Digest) throws -> [UInt8]? { try own.part(range, of: digest) }

    public func remove(_ digest: Digest) throws { try own.remove(digest) }
}
