internal import Glibc

/// Ports of this machine that nobody listens on.
package func freePorts(_ count: Int) throws -> [UInt16] {
    var listeners: [Int32] = []
    defer { for listener in listeners { close(listener) } }
    return try (0..<count).map { _ in
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        listeners.append(listener)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, size) == 0 && getsockname(listener, $0, &size) == 0
            }
        }
        guard isBound else { throw NotInTime(description: "no port is free") }
        return UInt16(bigEndian: address.sin_port)
    }
}
