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
    /// - Returns: its bytes, and its type as the registry names it.
    package func manifest(_ reference: String, types: [String], limit: Int) throws -> (bytes: [UInt8], type: String)? {
        var request = client.request(.get, "manifests/\(reference)")
        request.headers = types.map { ("Accept", $0) }
        request.redirects = 5
        request.limits.bytes = limit
        let get = request
        let response = try client.persistently { try client.send(get, accepting: [404]) }
        guard response.isSuccess else { return nil }
        let type = response.header("content-type")?.split(separator: ";").first
        return ([UInt8](response.body), type.map { $0.trimmingCharacters(in: .whitespaces) } ?? "")
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
            guard start < size, try !get(digest, size, from: start, to: file) else { return }
            // The server has sent all of it.
            try file.truncate(to: 0)
            _ = try get(digest, size, from: 0, to: file)
        }
        if try file.size == size && Digest(ofFile: path) == digest { return }
        unlink(path)
        guard isResumed else {
            throw RegistryError(.damaged, "\(client.address): the blob sha256:\(digest) has other contents")
        }
        try download(digest, size: size, to: path)
    }

    /// - Returns: false if the server does not send parts.
    private func get(
        _ digest: Digest, _ size: Int, from start: Int, to file: borrowing OpenFile<SystemError>
    ) throws -> Bool {
        var request = client.request(.get, "blobs/sha256:\(digest)")
        if start > 0 { request.headers = [("Range", "bytes=\(start)-")] }
        request.redirects = 5
        request.limits.bytes = size
        let output = RawFile(file.descriptor, file.path)
        var position = start
        let response = try client.send(request) { piece in
            try output.write(piece, at: position)
            position += piece.count
        }
        return start == 0 || response.status == 206
    }
}

/// An open file of someone else's, for closures.
private struct RawFile {
    let descriptor: Int32
    let path: String

    init(_ descriptor: Int32, _ path: String) { (self.descriptor, self.path) = (descriptor, path) }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(SystemError) {
        guard lseek(descriptor, off_t(offset), SEEK_SET) == off_t(offset) else { throw .last("seek", path) }
        try writeAll(bytes, to: descriptor, path)
    }
}
