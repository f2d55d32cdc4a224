internal import Foundation
package import Glibc
internal import Synchronization

/// A pair of virtual network interfaces with a separate network: one end is in this namespace, the other in the network
/// namespace of a process, where it is called `eth0`.
package final class VirtualLink: Sendable {
    /// The name of the end in this namespace.
    package let name: String
    /// The address of this machine, and that of the other end.
    package let addresses: (here: String, there: String)

    package init() {
        let number = Self.freeNumber()
        name = "ciso\(number)"
        let net = "10.\(128 + number >> 8).\(number & 255)"
        addresses = ("\(net).1", "\(net).2")
    }

    /// Commands for `bash -e` in the other namespace: they wait for the end there and set it up.
    package var acceptance: String {
        """
        while ! ip link show \(name) >/dev/null 2>&1; do sleep 0.05; done
        ip link set \(name) name eth0; ip addr add \(addresses.there)/24 dev eth0
        ip link set eth0 up; ip link set lo up
        """
    }

    /// Makes the pair, as soon as the process has a network namespace of its own.
    package func connect(to process: pid_t) throws {
        try Self.shell(
            """
            while [ "$(readlink /proc/\(process)/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do sleep 0.02; done
            ip link add \(name) type veth peer name \(name) netns \(process)
            ip addr add \(addresses.here)/24 dev \(name); ip link set \(name) up
            """)
    }

    /// Drops all packets, in both directions, like a firewall.
    package func cut() throws { try Self.shell("ip link set \(name) down") }

    /// Forwards all packets again.
    package func mend() throws { try Self.shell("ip link set \(name) up") }

    deinit { try? Self.shell("ip link del \(name) 2>/dev/null || true") }

    private static let numbers = Mutex<Set<Int>>([])

    /// A number that no link has, of this process or another.
    private static func freeNumber() -> Int {
        numbers.withLock { taken in
            let number = (0..<(1 << 14)).shuffled().first { number in
                !taken.contains(number) && access("/sys/class/net/ciso\(number)", F_OK) != 0
            }
            taken.insert(number ?? 0)
            return number ?? 0
        }
    }

    private static func shell(_ script: String) throws {
        _ = try Program(
            ["/bin/bash", "-ec", script],
            environment: ["PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], isJoined: true
        ).output()
    }
}
