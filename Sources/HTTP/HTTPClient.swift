internal import Glibc
internal import Synchronization
internal import System

/// Sends requests to servers and keeps connections for the next ones. May be used by any number of threads at once, each of
/// which has a connection of its own.
///
/// - SeeAlso: `docs/decisions/0230-libcurl.md`
package final class HTTPClient: Sendable {
    /// Receives a piece of a body.
    package typealias Receiver = (UnsafeRawBufferPointer) throws -> Void

    private let settings: HTTPSettings
    private let idle = Mutex<[CurlConnection]>([])
    /// Connections beyond this number are not kept.
    private static let idleLimit = 64

    package init(_ settings: HTTPSettings = HTTPSettings()) {
        self.settings = settings
    }

    /// Sends a request and waits for the complete answer. Blocks the thread.
    ///
    /// An answer of any status is no error. The library redirects as often as the request allows.
    ///
    /// - Parameters:
    ///   - receive: Gets the body of an answer that `isSuccess`, in pieces; other bodies are in the response. An error that it
    ///     throws ends the request. Nil: all bodies are in the response.
    /// - Throws: `HTTPError`; what `receive` throws; `SystemError` if a file that is sent cannot be read.
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

    /// As `send`, on a thread of its own.
    ///
    /// - Throws: `CancellationError` if the task is cancelled, too.
    package func response(
        to request: HTTPRequest, receive: (@Sendable (UnsafeRawBufferPointer) throws -> Void)? = nil
    ) async throws -> HTTPResponse {
        try await onThread { try self.send(request, cancellation: $0, receive: receive) }
    }

    /// Gets the body of a successful answer into a file, which is made or emptied.
    ///
    /// - Throws: As `response`; `SystemError` if the file cannot be written.
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
