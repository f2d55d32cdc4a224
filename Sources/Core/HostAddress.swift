/// The address of a host for ssh: `ssh://[USER@]HOST[:PORT]`.
public struct HostAddress: Hashable, Sendable, Codable, CustomStringConvertible {
    /// The login; nil for the one in the ssh client's configuration.
    public var user: String?
    /// A host name, an alias in the ssh client's configuration, or an IP address; IPv6 addresses in brackets.
    public var name: String
    /// The port; nil for the one in the ssh client's configuration.
    public var port: Int?

    /// Parses an address; nil if `text` is not one. Names cannot contain characters that are special to a shell or the
    /// ssh client.
    public init?(_ text: some StringProtocol) {
        guard text.hasPrefix("ssh://") else { return nil }
        var rest = text.dropFirst("ssh://".count)[...]
        if rest.hasSuffix("/") { rest = rest.dropLast() }
        if let at = rest.lastIndex(of: "@") {
            user = String(rest[..<at])
            rest = rest[rest.index(after: at)...]
        }
        if let colon = rest.lastIndex(of: ":"), !rest.hasSuffix("]") {
            guard let port = Int(rest[rest.index(after: colon)...]), (1...65535).contains(port) else { return nil }
            self.port = port
            rest = rest[..<colon]
        }
        let isAddress = rest.hasPrefix("[") && rest.hasSuffix("]")
        name = String(isAddress ? rest.dropFirst().dropLast() : rest)
        let letters = isAddress ? ":.%" : "._-"
        guard Self.isPlain(name, letters), user.map({ Self.isPlain($0, "._-") }) ?? true else { return nil }
    }

    private static func isPlain(_ text: String, _ punctuation: String) -> Bool {
        !text.isEmpty && !text.hasPrefix("-")
            && text.unicodeScalars.allSatisfy {
                $0.isASCII
                    && ($0.properties.isAlphabetic || ("0"..."9").contains($0)
                        || punctuation.unicodeScalars.contains($0))
            }
    }

    /// The destination for the ssh client, without the port: `USER@NAME`.
    public var destination: String { (user.map { "\($0)@" } ?? "") + name }

    public var description: String {
        let name = name.contains(":") ? "[\(name)]" : name
        return "ssh://" + (user.map { "\($0)@" } ?? "") + name + (port.map { ":\($0)" } ?? "")
    }
}
