internal import Core
internal import Glibc
internal import System

/// The state of one request and its response. Used by one thread.
final class HTTPExchange {
    private let request: HTTPRequest
    private let receive: HTTPClient.Receiver?
    private let file: OpenFile<SystemError>?
    private var sent = 0
    private var received = 0
    private(set) var response = HTTPResponse()
    /// The error that ends the request.
    private(set) var error: (any Error)?

    /// The maximum size of all headers of a response in bytes.
    private static let headerLimit = 1 << 18
    /// The number of bytes that are kept of the body of an unsuccessful response.
    private static let excerptLimit = 1 << 16
    private var headerBytes = 0

    init(_ request: HTTPRequest, _ receive: HTTPClient.Receiver?) throws(SystemError) {
        self.request = request
        self.receive = receive
        if case .file(let path, _, _) = request.body {
            file = try OpenFile(path, O_RDONLY)
        } else {
            file = nil
        }
    }

    /// The number of bytes to send; nil if there is no body.
    var bodySize: Int? {
        switch request.body {
        case nil: nil
        case .bytes(let bytes): bytes.count
        case .file(_, _, let count): count
        }
    }

    /// Processes a line of a response's header; each response in a chain of redirections begins a new header.
    ///
    /// - Returns: false if the header exceeds the limit.
    func receiveHeader(_ line: UnsafeRawBufferPointer) -> Bool {
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

    /// Processes a part of the response's body.
    ///
    /// - Returns: false if the transfer must end.
    func receiveBody(_ piece: UnsafeRawBufferPointer) -> Bool {
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

    /// Fills `buffer` with the next bytes to send.
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
                guard bytes.count == count else { throw SystemError("read", path, EIO) }
                bytes.withUnsafeBytes { buffer.copyMemory(from: $0) }
            } catch {
                self.error = error
                return nil
            }
        }
        sent += count
        return count
    }

    /// Continues sending at `offset`.
    func seek(to offset: Int) { sent = offset }

    func finish(at url: String) -> HTTPResponse {
        response.url = url
        return response
    }
}

extension Substring {
    /// The text without leading and trailing white space.
    fileprivate var trimmed: String {
        String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}
