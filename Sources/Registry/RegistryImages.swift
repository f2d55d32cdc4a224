package import Core
internal import Foundation
internal import HTTP

/// Reads manifests and blobs of images in a repository of a registry.
package struct RegistryImages: Sendable {
    private let client: RegistryClient

    package init(_ client: RegistryClient) {
        self.client = client
    }

    /// The manifest or the index under a tag or a digest; nil if there is none.
    ///
    /// - Parameters:
    ///   - reference: a tag, or `sha256:…`.
    ///   - types: the supported types.
    ///   - limit: the maximum size in bytes.
    package func manifest(_ reference: String, types: [String], limit: Int) throws -> [UInt8]? {
        var request = client.request(.get, "manifests/\(reference)")
        request.headers = types.map { ("Accept", $0) }
        request.redirects = 5
        request.limits.bytes = limit
        let get = request
        let response = try client.persistently { try client.send(get, accepting: [404]) }
        return response.isSuccess ? [UInt8](response.body) : nil
    }

    /// Downloads a blob into a file, and continues an earlier attempt that left a part of it there.
    ///
    /// - Parameter size: The size of the blob.
    /// - Throws: `RegistryError`: `absent` if the repository lacks it, `damaged` if the bytes do not match; the file is
    ///   then removed.
    package func download(_ digest: Digest, size: Int, to path: String) throws {
        for attempt in 1...2 {
            let blob = try IncomingBlob(path, size: size)
            let isResumed = try fill(blob, with: digest, size)
            if blob.count == size && blob.digest() == digest { return }
            unlink(path)
            // An earlier attempt may have left bytes of other contents.
            if !isResumed || attempt == 2 { break }
        }
        throw RegistryError(.damaged, "\(client.address): the blob \(digest.oci) has other contents")
    }

    /// - Returns: whether the blob was downloaded in several parts.
    private func fill(_ blob: IncomingBlob, with digest: Digest, _ size: Int) throws -> Bool {
        var isResumed = blob.count > 0
        try client.persistently {
            guard blob.count < size else { return }
            isResumed = isResumed || blob.count > 0
            if try get(digest, size, into: blob) { return }
            // The server has ignored the range and sent the whole blob.
            try blob.restart()
            _ = try get(digest, size, into: blob)
        }
        return isResumed
    }

    /// - Returns: false if the server does not support ranges.
    private func get(_ digest: Digest, _ size: Int, into blob: IncomingBlob) throws -> Bool {
        let start = blob.count
        var request = client.request(.get, "blobs/\(digest.oci)")
        if start > 0 { request.headers = [("Range", "bytes=\(start)-")] }
        request.redirects = 5
        request.limits.bytes = size
        let response = try client.send(request) { try blob.append($0) }
        return start == 0 || response.status == 206
    }
}
