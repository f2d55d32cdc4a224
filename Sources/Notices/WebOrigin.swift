/// Scheme, host and port of an address: `https://api.github.com`.
package struct WebOrigin: Sendable, Hashable {
    /// In lower case, without a slash at its end.
    package let text: String

    /// The origin of an address of http or https; nil where it is none, or names a user, or is one that programs read in
    /// different ways.
    package init?(of address: String) {
        let scheme = ["https://", "http://"].first { address.lowercased().hasPrefix($0) }
        guard let scheme else { return nil }
        let authority = address.dropFirst(scheme.count).prefix { !"/?#".contains($0) }
        let isPlain = authority.utf8.allSatisfy { byte in
            byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "@") && byte != UInt8(ascii: "\\")
                && byte != UInt8(ascii: "%")
        }
        guard !authority.isEmpty, isPlain else { return nil }
        text = scheme + authority.lowercased()
    }
}
