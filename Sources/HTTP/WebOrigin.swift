internal import Core

/// The origin of a URL: the scheme, the host and the port.
package struct WebOrigin: Sendable, Hashable {
    /// The origin in lower case, without a slash at the end.
    package let text: String

    /// The origin of an http or https URL; nil for other texts, for URLs with a user, and for those that programs parse
    /// differently.
    package init?(of address: some StringProtocol) {
        let scheme = ["https://", "http://"].first { address.lowercased().hasPrefix($0) }
        guard let scheme else { return nil }
        let authority = address.dropFirst(scheme.count).prefix { !"/?#".contains($0) }
        // Host and port have the same syntax as in ssh addresses, which may also contain a user.
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
