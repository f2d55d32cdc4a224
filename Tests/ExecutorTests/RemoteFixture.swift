import Core
import Foundation
import Glibc

@testable import Executor

/// A real sshd on the loopback device, for one user with a given shell, seen as another machine.
///
/// It lives in a mount namespace of its own, where the user exists and `/bin/sh` is that shell.
final class RemoteFixture: Sendable {
    static let isPossible =
        getuid() == 0
        && (["/usr/sbin/sshd", "/usr/bin/ssh", "/usr/bin/ssh-keygen"] as [String]).allSatisfy { access($0, X_OK) == 0 }

    let path: String
    let host: RemoteHost
    private let server: Spawned

    init(shell: String) throws {
        path = "/var/tmp/ciso-ssh-\(UInt32.random(in: .min ... .max))"
        let port = Int.random(in: 20000..<60000)
        try FileManager.default.createDirectory(atPath: path + "/home", withIntermediateDirectories: true)
        try Self.shell(
            """
            cd \(path); chmod 755 .; chown 4321:4321 home; ssh-keygen -q -t ed25519 -N '' -f hostkey; ssh-keygen -q -t ed25519 -N '' -f key
            (grep -v '^tester:' /etc/passwd; echo 'tester:*:4321:4321::\(path)/home:\(shell)') > passwd
            cp key.pub authorized; chmod 644 authorized passwd
            echo "[127.0.0.1]:\(port) $(cut -d' ' -f1,2 hostkey.pub)" > known
            """)
        let options = [
            "Port=\(port)", "ListenAddress=127.0.0.1", "HostKey=\(path)/hostkey",
            "AuthorizedKeysFile=\(path)/authorized",
            "StrictModes=no", "UsePAM=no", "PidFile=none", "PasswordAuthentication=no", "UseDNS=no",
        ].map { "-o \($0)" }.joined(separator: " ")
        server = try Spawned(
            [
                "unshare", "-m", "/bin/bash", "-ec",
                """
                mkdir -p /run/sshd; mount --bind \(path)/passwd /etc/passwd
                [ \(shell) -ef /bin/sh ] || mount --bind \(shell) "$(readlink -f /bin/sh)"
                exec /usr/sbin/sshd -D -e -f /dev/null \(options)
                """,
            ], output: path + "/sshd.log")
        guard let address = HostAddress("ssh://tester@127.0.0.1:\(port)") else { throw CocoaError(.coderInvalidValue) }
        host = RemoteHost(
            address,
            client: SSHClient(
                configuration: "/dev/null", knownHosts: path + "/known", identity: path + "/key"),
            directory: path + "/home/work")
        for _ in 0..<1500
        where !((try? String(contentsOfFile: path + "/sshd.log", encoding: .utf8))?.contains("listening") ?? false) {
            usleep(10_000)
        }
    }

    deinit {
        dropConnections()
        server.kill(SIGTERM)
        server.wait()
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Kills the server's side of every connection, as a crash would.
    func dropConnections() {
        let children = descendants(of: server.identifier).filter { process in
            ((try? String(contentsOfFile: "/proc/\(process)/cmdline", encoding: .utf8)) ?? "").hasPrefix("sshd:")
        }
        for process in children { kill(process, SIGKILL) }
    }

    /// The workspaces that are on the host.
    var workspaces: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: host.directory)) ?? []).filter { $0.hasPrefix("ciso.") }
    }

    /// Stops or resumes this side's client, as a network that swallows packets would.
    func signalClients(_ signal: Int32) {
        for process in descendants(of: getpid()) {
            let line = (try? String(contentsOfFile: "/proc/\(process)/cmdline", encoding: .utf8)) ?? ""
            if line.contains("ControlMaster=yes"), line.contains(path) { kill(process, signal) }
        }
    }

    private func descendants(of process: pid_t) -> [pid_t] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        let children = names.compactMap { name -> pid_t? in
            guard let child = pid_t(name),
                let status = try? String(contentsOfFile: "/proc/\(name)/stat", encoding: .utf8),
                let end = status.lastIndex(of: ")")
            else { return nil }
            let fields = status[end...].split(separator: " ")
            return fields.count > 2 && pid_t(fields[2]) == process ? child : nil
        }
        return children + children.flatMap { descendants(of: $0) }
    }

    private static func shell(_ script: String) throws {
        let process = try Spawned(["/bin/bash", "-ec", script], output: "/dev/null")
        guard process.wait() == 0 else { throw CocoaError(.executableLoad) }
    }
}

extension RemoteSession {
    /// Runs a script in what the session has claimed, or among its inputs, and gives what it printed.
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
