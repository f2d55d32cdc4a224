public import Core

/// Contents that are kept here and are given to other machines as well. What others gave is read from where they share it.
public struct MirroredBlobs: BlobStore {
    private let own: any BlobStore
    private let shared: any BlobStore

    /// - Parameters:
    ///   - own: is asked first, and may drop contents.
    ///   - shared: keeps everything that is put.
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

    public func remove(_ digest: Digest) throws { try own.remove(digest) }
}
