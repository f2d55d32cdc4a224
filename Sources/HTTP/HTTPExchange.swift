internal import Core
internal import System

/// What has been sent and received of one request. Used by one thread.
final class HTTPExchange {
    private let request: HTTPRequest
    private let receive: HTTPClient.Receiver?
    private let file: OpenFile<SystemError>?
    private var sent = 0
    private var received = 0
    private(set) var response = HTTPResponse()
    /// Why the request is to end.
    private(set) var error: (any Error)?

    /// Bytes of all headers of an answer.
    private static let headerLimit = 1 << 18
    /// Bytes kept of the body of an answer that is no success.
    private static let excerptLimit = 1 << 16
    private var headerBytes = 0

    init(_ request: HTTPRequest, _ receive: HTTPClient.Receiver?) throws(SystemError) {
        self.request = request
        self.receive = receive
        if case .file(let path, _, _) = request.body {
            file = try OpenFile(path, 0)
        } else {
            file = nil
        }
    }

    /// The number of bytes to be sent; nil if there is no body.
    var bodySize: Int? {
        switch request.body {
        case nil: nil
        case .bytes(let bytes): bytes.count
        case .file(_, _, let count): count
        }
    }

    /// A line of the response's header; each response on the way to the last one starts a new header.
    ///
    /// - Returns: false if there is too much.
    func takeHeader(_ line: UnsafeRawBufferPointer) -> Bool {
        headerBytes += line.count
        guard headerBytes <= Self.headerLimit else {
            error = HTTPError(.tooLarge, request.url, "the headers have more than \(Self.headerLimit) bytes")
            return false
        }
        let text = String(decoding: line, as: UTF8.self)
        if text.hasPrefix("HTTP/") {
            let words = text.split(whereSeparator: \.isWhitespace)
            response = HTTPResponse()
            response.status = words.count > 1 ? Int(words[1]) ?? 0 : 0
        } else if response.status != 0, let colon = text.firstIndex(of: ":") {
            let value = text[text.index(after: colon)...]
            response.headers.append((text[..<colon].lowercased(), value.trimmed))
        }
        return true
    }

    /// A piece of the answer's body.
    ///
    /// - Returns: false if no more is wanted.
    func takeBody(_ piece: UnsafeRawBufferPointer) -> Bool {
        guard response.isSuccess else {
            response.body += piece.prefix(max(0, Self.excerptLimit - response.body.count))
            return true
        }
        received += piece.count
        guard received <= request.limits.bytes else {
            error = HTTPError(.tooLarge, request.url, "more than \(request.limits.bytes) bytes")
            return false
        }
        guard let receive else {
            response.body += piece
            return true
        }
        do {
            try receive(piece)
            return true
        } catch {
            self.error = error
            return false
        }
    }

    /// Fills `buffer` with what is to be sent next.
    ///
    /// - Returns: the number of bytes; nil if they cannot be read.
    func fill(_ buffer: UnsafeMutableRawBufferPointer) -> Int? {
        let count = min(buffer.count, (bodySize ?? 0) - sent)
        guard count > 0 else { return 0 }
        switch request.body {
        case nil: return 0
        case .bytes(let bytes):
            bytes.withUnsafeBytes { buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[sent..<sent + count])) }
        case .file(let path, let offset, _):
            do {
                let bytes = try file?.read(count, at: offset + sent) ?? []
                guard bytes.count == count else { throw SystemError("read", path, 5) }
                bytes.withUnsafeBytes { buffer.copyMemory(from: $0) }
            } catch {
                self.error = error
                return nil
            }
        }
        sent += count
        return count
    }

    /// Sends again from `offset` on.
    func seek(to offset: Int) { sent = offset }

    func finish(at url: String) -> HTTPResponse {
        response.url = url
        return response
    }
}

extension Substring {
    /// Without spaces and line ends on both sides.
    fileprivate var trimmed: String {
        String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}
