import Core
import Foundation
import Glibc
import SandboxTestSupport
import Supervision
import TestSupport

@testable import SSH

/// A real sshd on the loopback device, for one user with a given shell, used like another machine.
///
/// It runs in a separate mount namespace, where the user exists and `/bin/sh` is that shell.
final class RemoteFixture: Sendable {
    static let isPossible =
        getuid() == 0
        && (["/usr/sbin/sshd", "/usr/bin/ssh", "/usr/bin/ssh-keygen"] as [String]).allSatisfy { access($0, X_OK) == 0 }

    private let directory: TemporaryDirectory
    let host: RemoteHost
    private let server: RunningProgram

    init(shell: String) throws {
        directory = try TemporaryDirectory(in: "/var/tmp")
        let path = directory.path
        let port = Int.random(in: 20000..<60000)
        try directory.shell(
            """
            chmod 755 .; mkdir home; chown 4321:4321 home; ssh-keygen -q -t ed25519 -N '' -f hostkey; ssh-keygen -q -t ed25519 -N '' -f key
            (grep -v '^tester:' /etc/passwd; echo 'tester:*:4321:4321::\(path)/home:\(shell)') > passwd
            cp key.pub authorized; chmod 644 authorized passwd
            echo "[127.0.0.1]:\(port) $(cut -d' ' -f1,2 hostkey.pub)" > known
            """)
        let options = [
            "Port=\(port)", "ListenAddress=127.0.0.1", "HostKey=\(path)/hostkey",
            "AuthorizedKeysFile=\(path)/authorized",
            "StrictModes=no", "UsePAM=no", "PidFile=none", "PasswordAuthentication=no", "UseDNS=no",
        ].map { "-o \($0)" }.joined(separator: " ")
        server = try Program(
            [
                "unshare", "-m", "/bin/bash", "-ec",
                """
                mkdir -p /run/sshd; mount --bind \(path)/passwd /etc/passwd
                [ \(shell) -ef /bin/sh ] || mount --bind \(shell) "$(readlink -f /bin/sh)"
                exec /usr/sbin/sshd -D -e -f /dev/null \(options)
                """,
            ], isJoined: true
        ).start()
        guard let address = HostAddress("ssh://tester@127.0.0.1:\(port)") else { throw CocoaError(.coderInvalidValue) }
        host = RemoteHost(
            address,
            client: SSHClient(
                configuration: "/dev/null", knownHosts: path + "/known", identity: path + "/key"),
            directory: path + "/home/work")
        for _ in 0..<1500 where !server.output.contains("listening") { usleep(10_000) }
    }

    deinit {
        dropConnections()
        server.kill(SIGTERM)
        server.wait()
    }

    var path: String { directory.path }

    /// Kills the server's side of every connection, as a crash would.
    func dropConnections() {
        for process in ProcessTable.descendants(of: server.identifier)
        where ProcessTable.words(of: process).first?.hasPrefix("sshd:") == true {
            kill(process, SIGKILL)
        }
    }

    /// The workspaces that are on the host.
    var workspaces: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: host.directory)) ?? []).filter { $0.hasPrefix("ciso.") }
    }

    /// Stops or resumes this side's client, as a network that swallows packets would.
    func signalClients(_ signal: Int32) {
        for process in ProcessTable.descendants(of: getpid()) {
            let words = ProcessTable.words(of: process)
            if words.contains("ControlMaster=yes"), words.contains(where: { $0.contains(path) }) {
                kill(process, signal)
            }
        }
    }

}

extension RemoteSession {
    /// Runs a script in the claimed directories of the session, or among its inputs, and returns its output.
    func sh(
        _ script: String, limits: Limits = Limits(time: .seconds(30), memory: nil, processes: nil)
    ) async -> (result: CommandResult, output: String) {
        let output = Output()
        let command = Command(
            name: "test", .script(script),
            environment: ["PATH": "/usr/bin:/bin", "HOME": inputs, "WEIRD": "a 'b' $c\n\\d"],
            workingDirectory: claims.first ?? inputs, limits: limits)
        let result = await run(command) { output.append($0) }
        return (result, output.text)
    }
}
