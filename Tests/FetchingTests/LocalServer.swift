import Foundation
import TestSupport

/// A server of HTTP on this machine that answers every request with one text, until it is released.
final class LocalServer: Sendable {
    private let listener: LoopbackListener
    let url: String

    init(text: String) throws {
        listener = try LoopbackListener()
        url = "http://127.0.0.1:\(listener.port)/file"
        let answer = Array("HTTP/1.1 200 OK\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)".utf8)
        Thread.detachNewThread { [descriptor = listener.descriptor] in
            while case let connection = accept(descriptor, nil, nil), connection >= 0 {
                var request = [UInt8](repeating: 0, count: 4096)
                _ = read(connection, &request, request.count)
                // The client may have disconnected: this must not raise a signal.
                _ = send(connection, answer, answer.count, Int32(MSG_NOSIGNAL))
                close(connection)
            }
        }
    }
}
