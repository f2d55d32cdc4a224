/// A pattern for names: `*` matches any characters, `?` one character; all others match themselves.
public struct Glob: Hashable, Sendable, CustomStringConvertible {
    /// The pattern as written.
    public let pattern: String
    private let bytes: [UInt8]
    /// Whether the pattern matches only one text.
    public let isLiteral: Bool

    /// Matches every text.
    public static let all = Glob("*")

    public init(_ pattern: String) {
        self.pattern = pattern
        bytes = Array(pattern.utf8)
        isLiteral = !bytes.contains { $0 == Self.star || $0 == Self.question }
    }

    public var description: String { pattern }

    private static let star = UInt8(ascii: "*")
    private static let question = UInt8(ascii: "?")

    /// Whether `text` as a whole matches.
    ///
    /// - Complexity: O(pattern × text): only the last star is backtracked to.
    public func matches(_ text: some StringProtocol) -> Bool {
        if isLiteral { return text == pattern }
        return matches(bytes: Array(text.utf8))
    }

    /// Whether `letters`, the bytes of a text, match as a whole.
    ///
    /// - Complexity: O(pattern × text): only the last star is backtracked to.
    public func matches(bytes letters: some RandomAccessCollection<UInt8>) -> Bool {
        let letters = Array(letters)
        var at = 0
        var inPattern = 0
        var retry: (pattern: Int, text: Int)?
        while at < letters.count {
            if inPattern < bytes.count, bytes[inPattern] == Self.star {
                retry = (inPattern + 1, at)
                inPattern += 1
            } else if inPattern < bytes.count, bytes[inPattern] == letters[at] || bytes[inPattern] == Self.question {
                inPattern += 1
                at += 1
            } else if let (pattern, text) = retry {
                retry = (pattern, text + 1)
                inPattern = pattern
                at = text + 1
            } else {
                return false
            }
        }
        return bytes[inPattern...].allSatisfy { $0 == Self.star }
    }
}
