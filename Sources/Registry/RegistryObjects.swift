package import Core
internal import HTTP
internal import Store

/// A blob store for small, short-lived objects in a repository of a registry: blobs without a manifest, which the
/// registry's garbage collection removes.
///
/// - SeeAlso: `docs/decisions/0234-requests-by-registry.md`
package struct RegistryObjects: BlobStore {
    private let client: RegistryClient
    /// The maximum size of an object in bytes.
    private static let limit = 64 << 20

    package init(_ client: RegistryClient) {
        self.client = client
    }

    /// Uploads an object, unless the registry has it.
    package func put(_ bytes: [UInt8], durably: Bool) throws -> Digest {
        let digest = Digest(of: bytes)
        if try client.hasBlob(digest) { return digest }
        var upload = RegistryUpload(client, digest, size: bytes.count) { .bytes(Array(bytes[$0..<$0 + $1])) }
        try upload.run()
        return digest
    }

    /// Downloads an object and verifies it; nil if there is no such object.
    package func bytes(of digest: Digest) throws -> [UInt8]? {
        var request = client.request(.get, "blobs/\(digest.oci)")
        request.redirects = 5
        request.limits.bytes = Self.limit
        let get = request
        let response = try client.persistently { try client.send(get, accepting: [404]) }
        guard response.isSuccess else { return nil }
        let bytes = [UInt8](response.body)
        guard Digest(of: bytes) == digest else { throw client.otherContents(of: digest, size: bytes.count) }
        return bytes
    }

    /// Does nothing: the registry's garbage collection removes the object.
    package func remove(_ digest: Digest) {}
}
