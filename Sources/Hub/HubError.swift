package import Core

/// A failure of a transfer to or from a hub.
package typealias HubError = ServiceError<HubErrorKind>

/// The kinds of failures of a hub.
package enum HubErrorKind: String, ServiceErrorKind {
    /// No connection, or a timeout.
    case unreachable
    /// The host's key is unknown or has changed.
    case hostKey
    /// A certificate is not trusted.
    case certificate
    /// The address is one that git does not accept.
    case address
    /// The user, the key or the password is rejected or missing.
    case authentication
    /// The address has no repository.
    case absent
    /// The repository has a work tree, with a branch that is pushed to.
    case checkedOut
    /// The repository's files cannot be written.
    case readOnly
    /// A branch of the hub has commits that the store lacks.
    case diverged
    /// The hub rejected a push, or git cannot be run on this machine.
    case refused

    /// The service in messages.
    package static let service = "hub"

    /// Whether the same push will fail until someone changes the hub or the settings.
    var isRefusal: Bool {
        switch self {
        case .hostKey, .certificate, .address, .authentication, .absent, .checkedOut, .readOnly, .refused: true
        case .unreachable, .diverged: false
        }
    }

    /// What the user can do about it.
    package var hint: String? {
        switch self {
        case .unreachable: "check that the host is up and that 'hub' is its address"
        case .hostKey:
            "compare the key that 'ssh-keyscan HOST' prints with the host's own, and add it to known_hosts; 'ssh-keygen -R "
                + "HOST' removes an old one"
        case .certificate:
            "'tls-authorities' names the file with the authority that issued the hub's certificate; the server must use TLS"
        case .address: "expected ssh://…, https://… or a path"
        case .authentication:
            "ssh: the key must be in ~/.ssh, ssh-config or the agent; https: a credential helper of git must know the password"
        case .absent: "create a repository on its host: git init --bare DIR"
        case .checkedOut: "a hub has no work tree: create it with 'git init --bare DIR', or set core.bare in it"
        case .readOnly: "the user who pushes must be able to write its files, and its file system must have space"
        case .diverged: nil
        case .refused: "a hub must accept all branches: no hook, rule or quota may reject them"
        }
    }
}

extension HubError {
    /// The failure of a git command.
    ///
    /// - Parameters:
    ///   - url: The hub's address.
    ///   - errors: The messages of git in the locale `C`.
    package init(_ url: String, errors: String) {
        let lines = Self.lines(of: errors).filter { !$0.hasPrefix("error: failed to push") }
        let text = lines.suffix(3).joined(separator: "; ").prefix(600)
        let output = errors.lowercased()
        let explanation = Self.explanations.first { output.contains($0.text) }.map { "\($0.meaning): " } ?? ""
        self.init(
            HubErrorKind(output: output),
            "\(url): \(explanation)\(text.isEmpty ? "git failed" : String(text))".displayableOnOneLine)
    }

    /// A push that the hub rejected.
    ///
    /// - Parameters:
    ///   - refusal: the line of `git push --porcelain` about a reference: `!\tFROM:TO\tREASON`.
    ///   - errors: the messages of git in the locale `C`.
    init(_ url: String, refusal: String, errors: String) {
        let parts = refusal.split(separator: "\t").dropFirst()
        let kind = HubErrorKind(refusal: refusal.lowercased(), errors.lowercased())
        let reference = parts.first?.split(separator: ":").last.map(String.init) ?? ""
        let reasons = Self.lines(of: errors).filter { !$0.hasPrefix("error: failed to push") && !$0.hasPrefix("To ") }
        // Git adds how to allow it.
        let further = kind == .checkedOut ? [] : reasons.suffix(5)
        let lines = [reference + ": " + parts.dropFirst().joined(separator: " ")] + further
        self.init(kind, "\(url): \(lines.joined(separator: "; ").prefix(600))".displayableOnOneLine)
    }

    /// Messages of git that do not say what is wrong with an address, in lower case, and their meaning.
    private static let explanations: [(text: String, meaning: String)] = [
        ("invalid gitfile format", "it is a file, not a repository"),
        ("info/refs not valid", "a server responds, but not with a repository"),
        ("git-http-push failed", "a server responds, but accepts no pushes by git's protocol"),
    ]

    /// Advice that git prints after the reason for a failure.
    private static let advice: Set<String> = [
        "Could not read from remote repository.", "Please make sure you have the correct access rights",
        "and the repository exists.",
    ]

    /// The lines of messages of git and ssh, without prefixes and advice.
    private static func lines(of errors: String) -> [String] {
        errors.split(whereSeparator: \.isNewline).map {
            var line = $0.trimmingPrefix("remote: ").trimmingPrefix("fatal: ")
            while line.last == " " { line.removeLast() }
            return String(line)
        }.filter { !$0.isEmpty && !$0.hasPrefix("hint:") && !$0.hasPrefix("@") && !advice.contains($0) }
    }
}

extension HubErrorKind {
    /// The kind of failure that messages of git report.
    ///
    /// - Parameter output: the messages in lower case.
    fileprivate init(output: String) {
        self = Self.phrases.first { $0.texts.contains { output.contains($0) } }?.kind ?? .refused
    }

    /// The kind of a rejected push, in lower case.
    fileprivate init(refusal: String, _ errors: String) {
        if refusal.contains("branch is currently checked out") {
            self = .checkedOut
        } else if refusal.contains("unpacker error")
            || ["read-only file system", "insufficient permission", "no space left"].contains(where: errors.contains)
        {
            self = .readOnly
        } else {
            self = .refused
        }
    }

    private static let phrases: [(kind: HubErrorKind, texts: [String])] = [
        (.hostKey, ["host key verification failed", "remote host identification has changed"]),
        (
            .certificate,
            [
                "ssl certificate", "certificate verif", "server certificate", "certificate problem", "gnutls_handshake",
                "ssl_connect",
            ]
        ),
        (.address, ["transport '", "strange hostname", "not a valid address"]),
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
                "returned error: 5", "returned error: 429", "operation too slow", "name or service not known",
            ]
        ),
        (
            .absent,
            [
                "does not appear to be a git repository", "not found", "does not exist", "no such file",
                "not a git repository", "invalid gitfile format", "info/refs not valid", "git-http-push failed",
            ]
        ),
    ]
}
