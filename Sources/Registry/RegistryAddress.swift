internal import HTTP

/// The address of a repository in a registry: `https://HOST[:PORT]/NAME`.
package struct RegistryAddress: Hashable, Sendable, CustomStringConvertible {
    /// The scheme, host and port.
    package let server: String
    /// The repository's name, `ciso` or `team/ciso`.
    package let name: String

    /// Parses an address; nil if `text` is not a valid one.
    package init?(_ text: some StringProtocol) {
        let text = text.hasSuffix("/") ? text.dropLast() : text[...]
        guard let origin = WebOrigin(of: text) else { return nil }
        let path = text.dropFirst(origin.text.count)
        let name = path.dropFirst()
        guard path.hasPrefix("/"), Self.isName(String(name)) else { return nil }
        server = origin.text
        self.name = String(name)
    }

    /// Whether a name is valid by the OCI distribution specification.
    private static func isName(_ name: String) -> Bool {
        name.utf8.count <= 255
            && name.wholeMatch(of: /[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*/)
                != nil
    }

    /// The host and the port, the key of its credentials.
    var host: String { String(server.drop { $0 != "/" }.dropFirst(2)) }

    package var description: String { "\(server)/\(name)" }
}
