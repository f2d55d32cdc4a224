internal import Foundation
internal import Glibc

/// A separate host with respect to the network and some directories: a network namespace behind a pair of virtual
/// interfaces, and a mount namespace in which directories of this machine are empty.
package final class SeparateHost: Sendable {
    package static let isPossible = getuid() == 0 && Program.areInstalled("ip", "unshare", "nsenter", "mount")

    /// The name of this machine on the host.
    package static let serverName = "server"
    private let link = VirtualLink()
    private let directory: TemporaryDirectory
    private let holder: RunningProgram

    /// - Parameter hidden: the directories that are empty on the host.
    package init(hiding hidden: [String]) throws {
        directory = try TemporaryDirectory()
        try directory.write("127.0.0.1 localhost\n\(link.addresses.here) \(Self.serverName)\n", to: "hosts")
        let mounts = hidden.map { "mount -t tmpfs -o size=1m none '\($0)'" }.joined(separator: "\n")
        holder = try Program(
            [
                "unshare", "-m", "-n", "/bin/bash", "-ec",
                """
                \(link.acceptance)
                \(mounts)
                mount --bind '\(directory("hosts"))' /etc/hosts
                echo ready
                exec sleep infinity
                """,
            ], environment: ["PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], isJoined: true
        ).start()
        try link.connect(to: holder.identifier)
        while holder.isRunning, !holder.output.contains("ready") { usleep(10_000) }
        guard holder.isRunning else { throw NotInTime(description: "no host was made: \(holder.output)") }
    }

    deinit {
        holder.kill(SIGKILL)
        holder.wait()
    }

    /// A program that runs on the host.
    package func program(_ words: [String], environment: [String: String]) -> Program {
        Program(["nsenter", "-t", "\(holder.identifier)", "-m", "-n"] + words, environment: environment)
    }

    /// Drops all packets, in both directions, like a firewall.
    package func cutOff() throws { try link.cut() }

    /// Forwards all packets again.
    package func reconnect() throws { try link.mend() }
}
