public import Core
import Supervision

/// Why there is no session with a host.
public struct RemoteRefusal: ClassifiedError, CustomStringConvertible {
    /// What kept the session from starting.
    public enum Kind: Hashable, Sendable {
        /// The host does not answer, or the connection broke.
        case unreachable
        /// The host's key is not known, or another than the known one.
        case wrongKey
        /// The host does not let us in.
        case noLogin
        /// Another session has what this one wants.
        case taken
        /// The host lacks something that it may have later: room, a mirror that answers.
        case unready
        /// The host is another system than expected, or the login lacks a right that the job needs.
        case unsuitable
    }

    /// What kept the session from starting.
    public var kind: Kind
    /// Names the host and what it or the client reported.
    public var message: String
    /// What the user can do about it; nil if nothing helps.
    public var hint: String?

    public init(_ kind: Kind, _ message: String, hint: String? = nil) {
        self.kind = kind
        self.message = message
        self.hint = hint
    }

    /// Reads what the ssh client or the keeper printed before it ended.
    init(_ host: RemoteHost, output text: String, ending: CommandResult.Ending) {
        let lines = text.split(whereSeparator: \.isNewline).map(String.init)
        let name = host.name
        if let own = lines.last(where: { $0.hasPrefix("ciso: ") }) {
            let reason = String(own.dropFirst("ciso: ".count))
            self.init(reason.hasSuffix("another job has it") ? .taken : .unready, "\(name): \(reason)")
        } else if text.contains("REMOTE HOST IDENTIFICATION HAS CHANGED") {
            self.init(
                .wrongKey, "\(name): the host's key is another than the known one: Host key verification failed",
                hint: "if the host was installed again, remove its old key: ssh-keygen -R \(host.address.name)")
        } else if text.contains("Host key verification failed") || text.contains("host key is known for") {
            self.init(
                .wrongKey, "\(name): the host's key is not known: Host key verification failed",
                hint: "compare the key with the host's own, then add it: ssh-keyscan \(host.keyscan)")
        } else if let denied = lines.last(where: { $0.contains("Permission denied") }) {
            self.init(
                .noLogin, "\(name): the host does not let us in: \(denied)",
                hint: "the key must be usable without a question: try ssh -o BatchMode=yes \(name) true")
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
