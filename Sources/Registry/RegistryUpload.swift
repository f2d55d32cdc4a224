internal import Core
internal import Foundation
internal import HTTP

/// Uploads one blob to a registry in chunks, and resumes after an interruption. Confined to one thread.
struct RegistryUpload {
    private let client: RegistryClient
    private let digest: Digest
    private let size: Int
    private let body: (_ offset: Int, _ count: Int) -> HTTPRequest.Body
    private let chunk: Int
    /// The address of the next chunk; nil before the upload has begun.
    private var location: String?
    private var offset = 0
    private var isInterrupted = false

    /// Chunk size in bytes: small enough that little is sent twice, large enough that round trips do not matter.
    static let defaultChunk = 16 << 20

    /// - Parameter body: Returns `count` bytes of the content from `offset` on.
    init(
        _ client: RegistryClient, _ digest: Digest, size: Int, chunk: Int = defaultChunk,
        body: @escaping (_ offset: Int, _ count: Int) -> HTTPRequest.Body
    ) {
        self.client = client
        self.digest = digest
        self.size = size
        self.chunk = chunk
        self.body = body
    }

    /// Uploads the blob, or mounts it if another repository of the registry has it.
    ///
    /// - Parameter others: Names of repositories of the same registry that may have the blob.
    /// - Throws: `RegistryError`.
    mutating func run(mountingFrom others: [String] = []) throws {
        for other in others where try isMounted(from: other) { return }
        var restarts = 2
        while true {
            do {
                return try client.persistently { try attempt() }
            } catch let error as RegistryError where error.kind == .damaged && restarts > 0 {
                // After an interrupted chunk, the registry reported an offset that does not match what it stored.
                restarts -= 1
                (location, isInterrupted) = (nil, false)
            }
        }
    }

    private mutating func isMounted(from other: String) throws -> Bool {
        let response = try client.persistently {
            try client.send(
                client.request(.post, "blobs/uploads/?mount=\(digest.oci)&from=\(other)"), accepting: [404])
        }
        if response.status == 202 { try take(response) }
        return response.status == 201
    }

    private mutating func attempt() throws {
        if isInterrupted { try lookUp() }
        if location == nil { try begin() }
        isInterrupted = true
        while size > chunk, offset < size {
            let count = min(chunk, size - offset)
            var request = HTTPRequest(.patch, location ?? "")
            request.headers = [
                ("Content-Type", "application/octet-stream"), ("Content-Range", "\(offset)-\(offset + count - 1)"),
            ]
            request.body = body(offset, count)
            try take(client.send(request))
            offset += count
        }
        let url = location ?? ""
        var request = HTTPRequest(.put, "\(url)\(url.contains("?") ? "&" : "?")digest=\(digest.oci)")
        request.headers = [("Content-Type", "application/octet-stream")]
        request.body = body(offset, size - offset)
        _ = try client.send(request)
    }

    private mutating func begin() throws {
        var request = client.request(.post, "blobs/uploads/")
        request.body = .bytes([])
        offset = 0
        try take(client.send(request))
    }

    /// Queries how much of an interrupted upload has arrived. If the registry no longer has the upload, a new one
    /// begins.
    private mutating func lookUp() throws {
        guard let url = location else { return }
        location = nil
        let response: HTTPResponse
        do {
            response = try client.send(HTTPRequest(.get, url))
        } catch let error as RegistryError where !error.isTransient && error.kind != .certificate {
            return
        } catch {
            location = url
            throw error
        }
        // `0-0` denotes an empty upload.
        guard let last = response.header("range")?.split(separator: "-").last.flatMap({ Int($0) }), last < size
        else { return }
        offset = last == 0 ? 0 : last + 1
        location = url
        try take(response)
    }

    /// Stores the address of the next chunk, which each response contains.
    private mutating func take(_ response: HTTPResponse) throws {
        location = try client.location(in: response)
    }
}

extension RegistryClient {
    /// The location header of a response as an absolute address.
    ///
    /// - Throws: `RegistryError` if there is none.
    func location(in response: HTTPResponse) throws -> String {
        guard let text = response.header("location"),
            let url = URL(string: text, relativeTo: URL(string: address.server))?.absoluteString
        else { throw RegistryError(.refused, "\(address): a response lacks the location of the upload") }
        return url
    }
}
