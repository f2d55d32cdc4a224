internal import Glibc

/// A socket at a free port of 127.0.0.1.
package final class LoopbackListener: Sendable {
    package let descriptor: Int32
    package let port: UInt16

    /// - Parameter accepts: whether clients can connect; otherwise the port is only taken.
    package init(accepts: Bool = true) throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && (!accepts || listen(descriptor, 8) == 0)
                    && getsockname(descriptor, $0, &size) == 0
            }
        }
        self.descriptor = descriptor
        port = UInt16(bigEndian: address.sin_port)
        guard isBound else { throw NotInTime(description: "no port is free") }
    }

    deinit {
        shutdown(descriptor, Int32(SHUT_RDWR))
        close(descriptor)
    }
}

/// Ports of this machine on which no program listens.
package func freePorts(_ count: Int) throws -> [UInt16] {
    // All are bound at the same time, so that they differ.
    try (0..<count).map { _ in try LoopbackListener(accepts: false) }.map(\.port)
}
