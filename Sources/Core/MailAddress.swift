/// A mail address without characters that could end a header or be parsed as an option.
package struct MailAddress: Sendable, Hashable {
    /// `NAME@HOST`.
    package let text: String

    /// Parses an address; nil if `text` is not `NAME@HOST` in plain ASCII characters.
    package init?(_ text: String) {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        let isPlain = { (part: Substring) in
            !part.isEmpty
                && part.unicodeScalars.allSatisfy {
                    $0.isASCII
                        && ($0.properties.isAlphabetic || ("0"..."9").contains($0)
                            || "._+-".unicodeScalars.contains($0))
                }
        }
        guard parts.count == 2, parts.allSatisfy(isPlain), !text.hasPrefix("-"), text.utf8.count <= 254 else {
            return nil
        }
        self.text = text
    }
}
