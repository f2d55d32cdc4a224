package import Core

/// Why a hub did not take or give what was asked.
package struct HubError: ClassifiedError, Hashable, CustomStringConvertible {
    /// What callers and users may want to tell apart.
    package enum Kind: String, Sendable {
        /// No connection, or none in time.
        case unreachable
        /// The host's key is not the known one, or none is known.
        case hostKey
        /// A certificate is not accepted.
        case certificate
        /// The user, the key or the password is not accepted, or one is needed.
        case authentication
        /// No repository is there.
        case absent
        /// A branch of the hub has commits that the store lacks.
        case diverged
        /// The hub does not take what was pushed, or this machine cannot run git.
        case refused
    }

    package var kind: Kind
    /// Says which hub, and what git said.
    package var message: String

    package init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    package var description: String { "hub: \(message)" }

    package var category: ErrorCategory { .unavailable }

    /// What the user can do about it.
    package var hint: String? {
        switch kind {
        case .unreachable: "check that the host is up and that 'hub' is its address"
        case .hostKey: "add the host's key to known_hosts: 'ssh-keyscan HOST', and compare it with the host's own"
        case .certificate: "'tls-authorities' names the file with the authority that issued the hub's certificate"
        case .authentication:
            "ssh: the key must be in ~/.ssh, ssh-config or the agent; https: a credential helper of git must know the password"
        case .absent: "create it on its host: git init --bare DIR"
        case .diverged: nil
        case .refused: "a hub takes all branches: no hook, rule or quota may refuse them"
        }
    }

    /// What git says, in the language of `LC_ALL=C`.
    ///
    /// - Parameter url: of the hub.
    package init(_ url: String, errors: String) {
        let lines = errors.split(separator: "\n").map { $0.trimmingPrefix("remote: ").trimmingPrefix("fatal: ") }
        let words = lines.filter { !$0.isEmpty && !$0.hasPrefix("hint:") }.suffix(3).joined(separator: "; ")
        let text = errors.lowercased()
        let kind = Self.signs.first { $0.words.contains { text.contains($0) } }?.kind ?? .refused
        self.init(
            kind, "\(url): \(words.prefix(600).isEmpty ? "git failed" : String(words.prefix(600)))".displayableOnOneLine
        )
    }

    private static let signs: [(kind: Kind, words: [String])] = [
        (.hostKey, ["host key verification failed", "remote host identification has changed"]),
        (.certificate, ["ssl certificate", "certificate verif", "server certificate", "certificate problem"]),
        (
            .authentication,
            [
                "permission denied", "authentication failed", "could not read username", "could not read password",
                "the requested url returned error: 401", "the requested url returned error: 403",
            ]
        ),
        (
            .unreachable,
            [
                "could not resolve", "connection refused", "failed to connect", "timed out", "unreachable",
                "no route to host", "connection reset", "connection closed", "unexpectedly", "early eof",
                "returned error: 5", "operation too slow", "name or service not known",
            ]
        ),
        (
            .absent,
            [
                "does not appear to be a git repository", "not found", "does not exist", "no such file",
                "not a git repository",
            ]
        ),
    ]
}
