package import Core
internal import Foundation
internal import HTTP
internal import System

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
    ///   - types: the types that are understood.
    ///   - limit: the most bytes that it may have.
    package func manifest(_ reference: String, types: [String], limit: Int) throws -> [UInt8]? {
        var request = client.request(.get, "manifests/\(reference)")
        request.headers = types.map { ("Accept", $0) }
        request.redirects = 5
        request.limits.bytes = limit
        let get = request
        let response = try client.persistently { try client.send(get, accepting: [404]) }
        return response.isSuccess ? [UInt8](response.body) : nil
    }

    /// Writes a blob into a file, and goes on where an earlier attempt ended that left a part of it there.
    ///
    /// - Parameter size: of the blob.
    /// - Throws: `RegistryError`: `absent` where the repository lacks it, `damaged` where the bytes are others; a file of other
    ///   bytes is not left.
    package func download(_ digest: Digest, size: Int, to path: String) throws {
        let file = try OpenFile<SystemError>(path, O_RDWR | O_CREAT)
        let isResumed = file.size > 0
        try client.persistently {
            if file.size > size { try file.truncate(to: 0) }
            let start = file.size
            guard start < size, try !get(digest, size, from: start, to: path) else { return }
            // The server has sent all of it.
            try file.truncate(to: 0)
            _ = try get(digest, size, from: 0, to: path)
        }
        if try file.size == size && Digest(ofFile: path) == digest { return }
        unlink(path)
        guard isResumed else {
            throw RegistryError(.damaged, "\(client.address): the blob \(digest.oci) has other contents")
        }
        try download(digest, size: size, to: path)
    }

    /// - Returns: false if the server does not send parts.
    private func get(_ digest: Digest, _ size: Int, from start: Int, to path: String) throws -> Bool {
        var request = client.request(.get, "blobs/\(digest.oci)")
        if start > 0 { request.headers = [("Range", "bytes=\(start)-")] }
        request.redirects = 5
        request.limits.bytes = size
        let output = try OpenFile<SystemError>(path, O_WRONLY)
        var position = start
        let response = try client.send(request) { piece in
            try output.write(piece, at: position)
            position += piece.count
        }
        return start == 0 || response.status == 206
    }
}
