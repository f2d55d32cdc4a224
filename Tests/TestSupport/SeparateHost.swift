internal import Foundation
internal import Glibc
internal import Synchronization

/// A host as far as the network and some folders go: a network namespace behind a pair of virtual interfaces, and a mount
/// namespace in which folders of this machine are empty.
package final class SeparateHost: Sendable {
    package static let isPossible = getuid() == 0 && Program.areInstalled("ip", "unshare", "nsenter", "mount")

    /// The address of this machine as the host sees it.
    package let serverAddress: String
    private let interface: String
    private let holder: RunningProgram

    /// - Parameter hidden: the folders that are empty on the host.
    package init(hiding hidden: [String]) throws {
        let number = Self.freeNumber()
        interface = "cisoh\(number)"
        let net = "10.\(128 + number >> 8).\(number & 255)"
        serverAddress = "\(net).1"
        let mounts = hidden.map { "mount -t tmpfs -o size=1m none '\($0)'" }.joined(separator: "\n")
        holder = try Program(
            [
                "unshare", "-m", "-n", "/bin/bash", "-ec",
                """
                while ! ip link show \(interface) >/dev/null 2>&1; do sleep 0.05; done
                ip link set \(interface) name eth0; ip addr add \(net).2/24 dev eth0
                ip link set eth0 up; ip link set lo up
                \(mounts)
                echo ready
                exec sleep infinity
                """,
            ], environment: Self.environment, isJoined: true
        ).start()
        let process = holder.identifier
        try Self.shell(
            """
            while [ "$(readlink /proc/\(process)/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do sleep 0.02; done
            ip link add \(interface) type veth peer name \(interface) netns \(process)
            ip addr add \(net).1/24 dev \(interface); ip link set \(interface) up
            """)
        while holder.isRunning, !holder.output.contains("ready") { usleep(10_000) }
        guard holder.isRunning else { throw NotInTime(description: "no host was made: \(holder.output)") }
    }

    private static let environment = ["PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
    private static let numbers = Mutex<Set<Int>>([])

    /// A number that no host here has, of this process or another.
    private static func freeNumber() -> Int {
        numbers.withLock { taken in
            let number = (0..<(1 << 14)).shuffled().first { number in
                !taken.contains(number) && access("/sys/class/net/cisoh\(number)", F_OK) != 0
            }
            taken.insert(number ?? 0)
            return number ?? 0
        }
    }

    deinit {
        _ = try? Self.shell("ip link del \(interface) 2>/dev/null || true")
        holder.kill(SIGKILL)
        holder.wait()
    }

    /// A program that runs on the host.
    package func program(_ words: [String], environment: [String: String]) -> Program {
        Program(["nsenter", "-t", "\(holder.identifier)", "-m", "-n"] + words, environment: environment)
    }

    /// Lets no packet through, either way, as a firewall does that drops them.
    package func cutOff() throws { try Self.shell("ip link set \(interface) down") }

    /// Lets all packets through again.
    package func reconnect() throws { try Self.shell("ip link set \(interface) up") }

    @discardableResult private static func shell(_ script: String) throws -> String {
        try Program(["/bin/bash", "-ec", script], environment: environment, isJoined: true).output()
    }
}
