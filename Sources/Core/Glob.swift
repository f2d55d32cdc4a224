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
        var position = 0
        var patternPosition = 0
        var retry: (pattern: Int, text: Int)?
        while position < letters.count {
            if patternPosition < bytes.count, bytes[patternPosition] == Self.star {
                retry = (patternPosition + 1, position)
                patternPosition += 1
            } else if patternPosition < bytes.count,
                bytes[patternPosition] == letters[position] || bytes[patternPosition] == Self.question
            {
                patternPosition += 1
                position += 1
            } else if let (pattern, text) = retry {
                retry = (pattern, text + 1)
                patternPosition = pattern
                position = text + 1
            } else {
                return false
            }
        }
        return bytes[patternPosition...].allSatisfy { $0 == Self.star }
    }
}
