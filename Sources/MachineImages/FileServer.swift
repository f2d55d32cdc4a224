internal import Glibc
package import System

/// Serves a few small files by HTTP to a machine that this process runs: on the loopback interface, which QEMU's user
/// network reaches as 10.0.2.2.
///
/// One request at a time, of at most 8 KiB within 10 seconds, so that no client holds it for long.
///
/// - SeeAlso: `docs/decisions/0281-installer-network.md`
package final class FileServer: Sendable {
    /// The URL below which the machine finds the files.
    package let url: String
    private let cancellation = Cancellation()
    private let listener: Int32
    private let accept: @Sendable (Int32) -> Int32
    /// How long to wait after a connection could not be accepted, in milliseconds.
    private static let pause: Int32 = 100

    /// Starts to listen. Files are served from ``serve(_:)`` on.
    package convenience init() throws(SystemError) {
        try self.init { Glibc.accept($0, nil, nil) }
    }

    /// - Parameter accept: Accepts a connection of the listening socket, or returns -1 with the reason in `errno`.
    init(accept: @escaping @Sendable (Int32) -> Int32) throws(SystemError) {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard listener >= 0 else { throw .last("create a socket", "http") }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(INADDR_LOOPBACK).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 8) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        guard isBound else {
            let error = SystemError.last("listen on a port of", "127.0.0.1")
            close(listener)
            throw error
        }
        (self.listener, self.accept) = (listener, accept)
        url = "http://10.0.2.2:\(UInt16(bigEndian: address.sin_port))"
    }

    deinit {
        cancellation.cancel()
        close(listener)
    }

    /// Serves `files`, by name, until this object is released.
    ///
    /// - Throws: `SystemError` if the process has no free descriptors.
    package func serve(_ files: [String: String]) throws(SystemError) {
        // The thread uses duplicates of the descriptors, so that none is closed while it waits.
        let listener = try Self.duplicate(listener)
        let cancelled = try Self.duplicate(cancellation.descriptor)
        let (socket, end) = (listener.relinquish(), cancelled.relinquish())
        let accept = accept
        BlockingWork.start {
            defer {
                close(socket)
                close(end)
            }
            while Self.isReadable(socket, or: end, within: -1) {
                let client = accept(socket)
                guard client >= 0 else {
                    // Without a free descriptor the client stays in the queue, and the socket stays readable.
                    if Self.isReadable(end, within: Self.pause) { return }
                    continue
                }
                _ = fcntl(client, F_SETFD, FD_CLOEXEC)
                Self.answer(client, end, files)
                close(client)
            }
        }
    }

    private static func duplicate(_ descriptor: Int32) throws(SystemError) -> OpenFile<SystemError> {
        let duplicate = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard duplicate >= 0 else { throw .last("duplicate a descriptor of", "http") }
        return OpenFile(adopting: duplicate, "http")
    }

    private static func answer(_ client: Int32, _ cancelled: Int32, _ files: [String: String]) {
        let deadline = ContinuousClock.now + .seconds(10)
        var request: [UInt8] = []
        while !request.contains([13, 10, 13, 10]), request.count < 8192 {
            guard isReadable(client, or: cancelled, within: (deadline - .now).millisecondsForPoll), .now < deadline
            else { return }
            let piece = [UInt8](unsafeUninitializedCapacity: 4096) { buffer, used in
                used = max(0, recv(client, buffer.baseAddress, buffer.count, 0))
            }
            if piece.isEmpty { return }
            request += piece
        }
        let words = String(decoding: request.prefix { $0 != 13 }, as: UTF8.self).split(separator: " ")
        let isRead = words.count == 3 && words[0] == "GET"
        let file = isRead ? files[String(words[1].split(separator: "/").last ?? "")] : nil
        let status = file == nil ? "404 Not Found" : "200 OK"
        let body = file ?? ""
        send(
            "HTTP/1.0 \(status)\r\nContent-Type: text/plain\r\nContent-Length: \(body.utf8.count)\r\n"
                + "Connection: close\r\n\r\n\(body)", to: client)
    }

    private static func send(_ text: String, to client: Int32) {
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes {
                Glibc.send(client, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            bytes = bytes.dropFirst(count)
        }
        shutdown(client, Int32(SHUT_WR))
    }

    private static func isReadable(_ descriptor: Int32, within time: Int32) -> Bool {
        isReadable(descriptor, or: -1, within: time)
    }

    /// False if the server is cancelled, or nothing arrived in time.
    private static func isReadable(_ descriptor: Int32, or cancelled: Int32, within time: Int32) -> Bool {
        var polled = [descriptor, cancelled].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        while poll(&polled, 2, time) < 0 { guard errno == EINTR else { return false } }
        return polled[0].revents != 0 && polled[1].revents == 0
    }
}
