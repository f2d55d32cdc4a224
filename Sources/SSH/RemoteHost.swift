public import Core
import System

/// A machine reached by ssh. It needs sshd, a POSIX shell and tar, but no software of ours.
public struct RemoteHost: Hashable, Sendable {
    /// The host's address with the login.
    public var address: HostAddress
    /// The settings of this machine's ssh client.
    public var client: SSHClient
    /// The directory on the host in which workspaces are created.
    public var directory: String
    /// Words before the shell's command line for root's steps, if the login is not root: `["doas"]`, `["sudo", "-n"]`.
    public var elevation: [String]
    /// The number of bytes to keep free on the host's disk: below it, a command is stopped.
    public var reserve: Int
    /// The name in messages; nil for the address.
    public var label: String?

    public init(
        _ address: HostAddress, client: SSHClient = SSHClient(), directory: String = "/var/tmp/ciso",
        elevation: [String] = [], reserve: Int = 256 << 20, label: String? = nil
    ) {
        self.label = label
        self.address = address
        self.client = client
        self.directory = directory
        self.elevation = elevation
        self.reserve = reserve
    }

    /// The name in messages.
    public var name: String { label ?? address.destination + (address.port.map { ":\($0)" } ?? "") }

    /// - Throws: `Failure` for words that a shell could misinterpret.
    func validate() throws(Failure) {
        guard directory.hasPrefix("/"), isPlainPath(directory) else {
            throw Failure(
                .input,
                "host '\(name)': directory '\(directory)': expected an absolute path of letters, digits, '.', '_', '-'")
        }
        guard elevation.allSatisfy({ isPlainPath($0) }) else {
            throw Failure(.input, "host '\(name)': '\(elevation.joined(separator: " "))': expected plain words")
        }
    }

    /// The command line of the ssh client.
    ///
    /// - Parameters:
    ///   - control: the socket by which clients share one connection.
    ///   - isMaster: whether this client creates the connection; others use it or fail.
    ///   - terminal: whether the command gets a terminal.
    func words(control: String, isMaster: Bool, terminal: Bool = false, _ remote: String) -> [String] {
        let own = isMaster ? ["ControlMaster=yes"] : ["ControlMaster=no", "ProxyCommand=false"]
        let options = client.options + own + ["ControlPath=\(control)", "ControlPersist=no"]
        let port = address.port.map { ["-p", String($0)] } ?? []
        return ["ssh", terminal ? "-tt" : "-T"] + client.arguments + options.flatMap { ["-o", $0] } + port
            + ["--", address.destination, remote]
    }
}

/// The settings of this machine's ssh client.
public struct SSHClient: Hashable, Sendable {
    /// The client's configuration; nil for the user's own.
    public var configuration: String?
    /// The file with the keys of known hosts; unknown hosts are rejected. Nil for the user's own.
    public var knownHosts: String?
    /// The private key; nil for those of the user's agent and configuration.
    public var identity: String?
    /// The name under which the host's key is known; nil for the host's own name.
    public var hostKeyAlias: String?
    /// Variables of the client itself, such as `SSH_AUTH_SOCK`.
    public var environment: [String: String]
    /// The directory for sockets of connections. A longer path than ``longestTemporary`` is replaced by `/tmp`.
    public var temporary: String
    /// The seconds without a response after which a connection counts as lost on both sides; at least 4.
    public var timeout: Int

    public init(
        configuration: String? = nil, knownHosts: String? = nil, identity: String? = nil, hostKeyAlias: String? = nil,
        environment: [String: String] = [:], temporary: String = "/tmp", timeout: Int = 20
    ) {
        self.configuration = configuration
        self.knownHosts = knownHosts
        self.identity = identity
        self.hostKeyAlias = hostKeyAlias
        self.environment = environment
        self.temporary = temporary
        self.timeout = max(4, timeout)
    }

    /// The kernel's limit on paths of sockets is 107 bytes; the names of the socket and its directory take up to 62 of
    /// them, of which 17 are those that the client appends while it creates the socket.
    static let longestTemporary = 44

    /// The directory in which sockets can be created.
    var socketDirectory: String {
        let path = absolute(temporary)
        return path.utf8.count <= Self.longestTemporary ? path : "/tmp"
    }

    var arguments: [String] { configuration.map { ["-F", $0] } ?? [] }

    var options: [String] {
        var options = [
            "BatchMode=yes", "StrictHostKeyChecking=yes", "ConnectTimeout=10", "ServerAliveInterval=\(timeout / 4)",
            "ServerAliveCountMax=3", "ForwardAgent=no", "ForwardX11=no", "PermitLocalCommand=no",
            "ClearAllForwardings=yes", "LogLevel=ERROR",
        ]
        if let knownHosts { options.append("UserKnownHostsFile=\(knownHosts)") }
        if let hostKeyAlias { options.append("HostKeyAlias=\(hostKeyAlias)") }
        if let identity { options += ["IdentityFile=\(identity)", "IdentitiesOnly=yes"] }
        return options
    }
}

/// Whether a shell interprets `path` as a single plain word.
func isPlainPath(_ path: String) -> Bool {
    !path.isEmpty
        && path.unicodeScalars.allSatisfy { letter in
            letter.isASCII && (letter.properties.isAlphabetic || "0123456789/._-+@:".unicodeScalars.contains(letter))
        }
}
