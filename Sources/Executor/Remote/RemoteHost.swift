import Core
import Glibc

/// A machine that is reached by ssh. It needs sshd, a POSIX shell and tar, nothing of ours.
public struct RemoteHost: Hashable, Sendable {
    /// `USER@NAME`, or a name from the user's ssh configuration.
    public var destination: String
    public var port: Int?
    /// The private key; nil for those that the user's agent and configuration offer.
    public var identity: String?
    /// The file with the keys of known hosts; a host that is not in it is refused. Nil for the user's own.
    public var knownHosts: String?
    /// The directory on the host in which workspaces are made.
    public var directory: String
    /// Words before the shell's for steps of root, where the login is not root: `["doas"]`, `["sudo", "-n"]`.
    public var elevation: [String]
    /// Variables of the ssh client itself, such as `SSH_AUTH_SOCK`.
    public var clientEnvironment: [String: String]
    /// Commands at a time; see `Slots`.
    public var slots: Int

    public init(
        _ destination: String, port: Int? = nil, identity: String? = nil, knownHosts: String? = nil,
        directory: String = "/var/tmp/ciso", elevation: [String] = [],
        clientEnvironment: [String: String] = [:], slots: Int = 1
    ) {
        self.destination = destination
        self.port = port
        self.identity = identity
        self.knownHosts = knownHosts
        self.directory = directory
        self.elevation = elevation
        self.clientEnvironment = clientEnvironment
        self.slots = slots
    }

    /// The words of a call of the ssh client.
    ///
    /// - Parameter control: the socket by which calls share one connection.
    func words(control: String, isMaster: Bool, _ remote: String) -> [String] {
        var options = [
            "BatchMode=yes", "StrictHostKeyChecking=yes", "ConnectTimeout=10", "ServerAliveInterval=5",
            "ServerAliveCountMax=3", "ForwardAgent=no", "ForwardX11=no", "PermitLocalCommand=no",
            "ClearAllForwardings=yes", "ControlPath=\(control)", "ControlMaster=\(isMaster ? "yes" : "no")",
            "ControlPersist=no", "LogLevel=ERROR",
        ]
        if let knownHosts { options.append("UserKnownHostsFile=\(knownHosts)") }
        if let identity { options += ["IdentityFile=\(identity)", "IdentitiesOnly=yes"] }
        let port = port.map { ["-p", String($0)] } ?? []
        return ["ssh", "-T"] + options.flatMap { ["-o", $0] } + port + ["--", destination, remote]
    }

    /// - Throws: `Failure` for a destination or directory that the ssh client or a shell could take for something else.
    func validate() throws(Failure) {
        guard !destination.isEmpty, !destination.hasPrefix("-"), !destination.contains(where: \.isWhitespace) else {
            throw Failure(.input, "host '\(destination)': expected NAME or USER@NAME")
        }
        guard directory.hasPrefix("/"), isPlainPath(directory) else {
            throw Failure(
                .input,
                "host '\(destination)': directory '\(directory)': expected an absolute path of letters, digits, '.', '_', '-'"
            )
        }
    }
}

/// Whether no shell sees anything but a path in `path`.
func isPlainPath(_ path: String) -> Bool {
    !path.isEmpty
        && path.unicodeScalars.allSatisfy { letter in
            letter.isASCII && (letter.properties.isAlphabetic || "0123456789/._-+@:".unicodeScalars.contains(letter))
        }
}

/// `text` as one word of a POSIX shell.
func shellQuoted(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
}

/// A number of rights to use something, given out in the order in which they are asked for.
public actor Slots {
    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    public init(_ count: Int) {
        free = max(1, count)
    }

    /// Waits for a free slot, runs `body` in it and frees it.
    public func use<Value: Sendable>(_ body: @Sendable () async throws -> Value) async rethrows -> Value {
        await take()
        defer { give() }
        return try await body()
    }

    private func take() async {
        if free > 0 {
            free -= 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    private func give() {
        if waiting.isEmpty {
            free += 1
        } else {
            waiting.removeFirst().resume()
        }
    }
}
