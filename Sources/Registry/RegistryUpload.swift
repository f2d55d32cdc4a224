internal import Core
internal import Foundation
internal import HTTP

/// Sends one blob to a registry, in chunks, and goes on where an interrupted attempt ended. Used by one thread.
struct RegistryUpload {
    private let client: RegistryClient
    private let digest: Digest
    private let size: Int
    private let body: (_ offset: Int, _ count: Int) -> HTTPRequest.Body
    private let chunk: Int
    /// Where the next piece goes; nil before the upload has begun.
    private var location: String?
    private var offset = 0
    private var isInterrupted = false

    /// Small enough that little is sent twice, large enough that the answers take no time.
    static let defaultChunk = 16 << 20

    /// - Parameter body: the part of the contents from an offset on.
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

    /// Sends all of the blob, or mounts it where the registry has it in another repository.
    ///
    /// - Parameter others: names of other repositories of the registry that may have it.
    /// - Throws: `RegistryError`.
    mutating func run(mountingFrom others: [String] = []) throws {
        for other in others where try isMounted(from: other) { return }
        var restarts = 2
        while true {
            do {
                return try client.persistently { try attempt() }
            } catch let error as RegistryError where error.kind == .damaged && restarts > 0 {
                // The registry counted the bytes of an interrupted chunk otherwise than it kept them.
                restarts -= 1
                (location, isInterrupted) = (nil, false)
            }
        }
    }

    private mutating func isMounted(from other: String) throws -> Bool {
        let response = try client.persistently {
            try client.send(
                client.request(.post, "blobs/uploads/?mount=sha256:\(digest)&from=\(other)"), accepting: [404])
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
        let place = location ?? ""
        var request = HTTPRequest(.put, "\(place)\(place.contains("?") ? "&" : "?")digest=sha256:\(digest)")
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

    /// Asks how much of an interrupted upload has arrived. One that the registry has no more begins again.
    private mutating func lookUp() throws {
        guard let place = location else { return }
        location = nil
        let response: HTTPResponse
        do {
            response = try client.send(HTTPRequest(.get, place))
        } catch let error as RegistryError where !error.isTransient && error.kind != .certificate {
            return
        } catch {
            location = place
            throw error
        }
        // `0-0` is an empty upload.
        guard let last = response.header("range")?.split(separator: "-").last.flatMap({ Int($0) }) else { return }
        offset = last == 0 ? 0 : last + 1
        guard offset <= size else { return }
        location = place
        try take(response)
    }

    /// Each answer names where the next piece goes.
    private mutating func take(_ response: HTTPResponse) throws {
        location = try client.location(in: response)
    }
}

extension RegistryClient {
    /// Where an answer leads to, as an absolute address.
    func location(in response: HTTPResponse) throws -> String {
        guard let text = response.header("location"),
            let url = URL(string: text, relativeTo: URL(string: address.server))?.absoluteString
        else { throw RegistryError(.refused, "\(address): an answer lacks the location of the upload") }
        return url
    }
}
