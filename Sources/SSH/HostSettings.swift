public import Core

/// The settings that assign hosts to targets, in addition to the matrix.
public struct HostSettings: Sendable {
    /// Hosts for the targets that a glob matches.
    public struct Rule: Hashable, Sendable {
        /// The glob for names of targets.
        public var targets: Glob
        /// The hosts of those targets.
        public var hosts: [HostAddress]
    }

    /// The rules, of which the first matching one is used.
    public var rules: [Rule]
    /// The settings of the ssh client.
    public var client: SSHClient
    /// How long jobs wait for a target if none of its hosts responds.
    public var hostWait: Duration

    public init(rules: [Rule] = [], client: SSHClient = SSHClient(), hostWait: Duration = .seconds(60)) {
        self.rules = rules
        self.client = client
        self.hostWait = hostWait
    }

    /// Parses rules from words such as `openbsd-*=ssh://a,ssh://b`.
    ///
    /// - Throws: `Failure` that names the first invalid word.
    public static func rules(from text: String) throws(Failure) -> [Rule] {
        var rules: [Rule] = []
        for word in text.split(whereSeparator: \.isWhitespace) {
            let parts = word.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, !parts[0].isEmpty else {
                throw Failure(.input, "hosts: '\(word)': expected TARGET=ssh://[USER@]HOST[:PORT][,ssh://…]")
            }
            rules.append(Rule(targets: Glob(String(parts[0])), hosts: try addresses(parts[1], separator: ",")))
        }
        return rules
    }

    /// All distinct hosts of the rules.
    public var all: [HostAddress] {
        rules.flatMap(\.hosts).reduce(into: []) { hosts, host in
            if !hosts.contains(host) { hosts.append(host) }
        }
    }

    /// The distinct hosts of a target: those of the first matching rule, otherwise those of the matrix.
    ///
    /// - Parameter planned: addresses separated by spaces.
    /// - Throws: `Failure` if the matrix contains an invalid address.
    package func hosts(of target: String, planned: String?) throws(Failure) -> [HostAddress] {
        if let rule = rules.first(where: { $0.targets.matches(target) }) { return rule.hosts }
        return try Self.addresses(planned ?? "", separator: " ")
    }

    private static func addresses(_ text: some StringProtocol, separator: Character) throws(Failure) -> [HostAddress] {
        var hosts: [HostAddress] = []
        for word in text.split(separator: separator) {
            guard let address = HostAddress(word) else {
                throw Failure(.input, "'\(word)' is not the address of a host: expected ssh://[USER@]HOST[:PORT]")
            }
            if !hosts.contains(address) { hosts.append(address) }
        }
        return hosts
    }
}
