public import Core
import Supervision

/// The reason why a session with a host could not be started.
public struct RemoteRefusal: ClassifiedError, CustomStringConvertible {
    /// The kinds of reasons.
    public enum Kind: Hashable, Sendable {
        /// The host does not respond, or the connection was closed.
        case unreachable
        /// The host's key is unknown or has changed.
        case wrongKey
        /// The host rejects the login.
        case noLogin
        /// Another session uses a directory that this one needs.
        case taken
        /// The host lacks something that may become available: disk space, a mirror that responds.
        case unready
        /// The host is not the expected system, or the login lacks permissions that the job needs.
        case unsuitable
    }

    /// The kind of the reason.
    public var kind: Kind
    /// The message, which names the host and the output of the host or the client.
    public var message: String
    /// A suggestion for the user; nil if there is none.
    public var hint: String?

    public init(_ kind: Kind, _ message: String, hint: String? = nil) {
        self.kind = kind
        self.message = message
        self.hint = hint
    }

    /// Parses the output of the ssh client or the keeper.
    init(_ host: RemoteHost, output text: String, ending: CommandResult.Ending) {
        let lines = text.split(whereSeparator: \.isNewline).map(String.init)
        let name = host.name
        if let own = lines.last(where: { $0.hasPrefix("ciso: ") }) {
            let reason = String(own.dropFirst("ciso: ".count))
            self.init(reason.hasSuffix("another job has it") ? .taken : .unready, "\(name): \(reason)")
        } else if text.contains("REMOTE HOST IDENTIFICATION HAS CHANGED") {
            self.init(
                .wrongKey, "\(name): the host's key differs from the known one: Host key verification failed",
                hint: "if the host was installed again, remove its old key: ssh-keygen -R \(host.address.name)")
        } else if text.contains("Host key verification failed") || text.contains("host key is known for") {
            self.init(
                .wrongKey, "\(name): the host's key is not known: Host key verification failed",
                hint: "compare the key with the host's own, then add it: ssh-keyscan \(host.keyscan)")
        } else if let denied = lines.last(where: { $0.contains("Permission denied") }) {
            self.init(
                .noLogin, "\(name): the host rejects the login: \(denied)",
                hint: "the key must be usable without a prompt: try ssh -o BatchMode=yes \(name) true")
        } else {
            self.init(
                .unreachable, "\(name): no connection: \(lines.last ?? "\(ending)")",
                hint: "try: ssh \(host.address.destination) true")
        }
    }

    public var category: ErrorCategory { .unavailable }
    public var diagnostics: [Diagnostic] { [Diagnostic(.error, message, hint: hint)] }
    public var description: String { message + (hint.map { "; \($0)" } ?? "") }
}

extension RemoteHost {
    fileprivate var keyscan: String {
        (address.port.map { "-p \($0) " } ?? "") + address.name + " >>" + (client.knownHosts ?? "~/.ssh/known_hosts")
    }
}
