internal import CSandbox
internal import Glibc

/// Two connected stream sockets. Both are closed with this value, except for those that are taken.
package struct SocketPair<Problem: SystemErrorConvertible>: ~Copyable {
    private var first: Int32
    private var second: Int32

    package init() throws(Problem) {
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw Problem(.last("create a pair of sockets", "socket"))
        }
        (first, second) = (ends[0], ends[1])
    }

    /// Transfers ownership of both sockets to the caller.
    package consuming func take() -> (Int32, Int32) {
        defer { (first, second) = (-1, -1) }
        return (first, second)
    }

    deinit {
        if first >= 0 { close(first) }
        if second >= 0 { close(second) }
    }
}

/// Sends all of `bytes` through a connected Unix socket, the first of them together with an open file.
///
/// - Parameter descriptor: an open file of which the receiver gets a descriptor; nil for none.
package func send(_ bytes: [UInt8], through socket: Int32, with descriptor: Int32?) throws(SystemError) {
    if let descriptor {
        let error = ciso_send_descriptor(socket, bytes, bytes.count, descriptor)
        guard error == 0 else { throw SystemError("send", "socket", -error) }
        return
    }
    var rest = bytes[...]
    while !rest.isEmpty {
        let count = retrying {
            rest.withUnsafeBytes { Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        }
        guard count > 0 else { throw .last("send", "socket") }
        rest = rest.dropFirst(count)
    }
}
