internal import Core

/// The scheme, the host and the port of an address.
package struct WebOrigin: Sendable, Hashable {
    /// In lower case, without a slash at its end.
    package let text: String

    /// The origin of an address of http or https; nil where it is none, or names a user, or is one that programs read
    /// in different ways.
    package init?(of address: some StringProtocol) {
        let scheme = ["https://", "http://"].first { address.lowercased().hasPrefix($0) }
        guard let scheme else { return nil }
        let authority = address.dropFirst(scheme.count).prefix { !"/?#".contains($0) }
        // The syntax of host and port is that of ssh, whose addresses may have a user.
        guard !authority.contains("@"), !authority.contains("%"), HostAddress("ssh://\(authority)") != nil else {
            return nil
        }
        text = scheme + authority.lowercased()
    }

    /// Parses an origin, which may end with a slash; nil if the text has more parts than that.
    package init?(_ text: some StringProtocol) {
        self.init(of: text)
        guard [self.text, self.text + "/"].contains(text.lowercased()) else { return nil }
    }
}
