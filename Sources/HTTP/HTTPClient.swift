internal import Glibc
internal import Synchronization
internal import System

/// Sends requests and keeps connections open for later ones. Thread-safe: each thread that sends uses a separate
/// connection.
///
/// - SeeAlso: `docs/decisions/0230-libcurl.md`
package final class HTTPClient: Sendable {
    /// Receives a part of a body.
    package typealias Receiver = (UnsafeRawBufferPointer) throws -> Void

    private let settings: HTTPSettings
    private let idle = Mutex<[CurlConnection]>([])
    /// The maximum number of idle connections that are kept.
    private static let idleLimit = 64

    package init(_ settings: HTTPSettings = HTTPSettings()) {
        self.settings = settings
    }

    /// Sends a request and waits for the complete response. Blocks the thread.
    ///
    /// A response with an error status is not an error. Redirections are followed as often as the request allows.
    ///
    /// - Parameters:
    ///   - receive: Receives the body of a successful response in pieces; other bodies are in the response. Its errors
    ///     end the request. If nil, all bodies are in the response.
    /// - Throws: `HTTPError`; the error of `receive`; `SystemError` if a file to be sent cannot be read.
    package func send(
        _ request: HTTPRequest, cancellation: HTTPCancellation = HTTPCancellation(), receive: Receiver? = nil
    ) throws -> HTTPResponse {
        guard !cancellation.isCancelled else { throw HTTPError(.cancelled, request.url, "cancelled") }
        let kept = idle.withLock { $0.popLast() }
        let connection = try kept ?? CurlConnection()
        defer {
            idle.withLock { idle in
                if idle.count < Self.idleLimit { idle.append(connection) }
            }
        }
        return try connection.send(request, settings, cancellation, receive)
    }

    /// Like `send`, on a separate thread.
    ///
    /// - Throws: also `CancellationError` if the task is cancelled.
    package func response(
        to request: HTTPRequest, receive: (@Sendable (UnsafeRawBufferPointer) throws -> Void)? = nil
    ) async throws -> HTTPResponse {
        try await onThread { try self.send(request, cancellation: $0, receive: receive) }
    }

    /// Writes the body of a successful response to a file, which is created or truncated.
    ///
    /// - Throws: like `response`; `SystemError` if the file cannot be written.
    package func download(_ request: HTTPRequest, to path: String) async throws -> HTTPResponse {
        try await onThread { cancellation in
            let file = try FileSystem<SystemError>.File(path, O_WRONLY | O_CREAT | O_TRUNC)
            return try self.send(request, cancellation: cancellation) { try file.write($0) }
        }
    }

    private func onThread(
        _ work: @escaping @Sendable (HTTPCancellation) throws -> HTTPResponse
    ) async throws -> HTTPResponse {
        let cancellation = HTTPCancellation()
        return try await withTaskCancellationHandler {
            do {
                return try await BlockingWork.run { try work(cancellation) }
            } catch let error as HTTPError where error.kind == .cancelled {
                throw CancellationError()
            }
        } onCancel: {
            cancellation.cancel()
        }
    }
}
