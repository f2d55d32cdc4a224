/// Splits bytes that arrive in chunks into pieces of text that can be made displayable separately.
///
/// A piece ends after a line feed, or in a very long line between characters and outside of escape sequences.
/// Therefore, the concatenated displayable pieces are the displayable form of the whole text.
public struct TextPieces: Sendable {
    private var pending: [UInt8] = []

    /// The number of bytes of a line after which it is split.
    private static let longestLine = 1 << 16
    /// The number of bytes before the end in which an incomplete escape sequence or character may begin.
    private static let lookBack = 80

    public init() {}

    /// Appends bytes.
    ///
    /// - Returns: the text of complete lines; empty if there are none.
    public mutating func append(_ bytes: some Sequence<UInt8>) -> String {
        pending.append(contentsOf: bytes)
        if let end = pending.lastIndex(of: UInt8(ascii: "\n")) { return take(end + 1) }
        return pending.count > Self.longestLine ? takeWholeCharacters() : ""
    }

    /// The text of an unfinished line, without an incomplete character or escape sequence at its end.
    public mutating func takeWholeCharacters() -> String { take(lengthOfWholeCharacters) }

    /// The remaining text.
    public mutating func finish() -> String { take(pending.count) }

    private mutating func take(_ count: Int) -> String {
        guard count > 0 else { return "" }
        let text = String(decoding: pending[..<count], as: UTF8.self)
        pending.removeFirst(count)
        return text
    }

    /// Whether an escape sequence at this position may be incomplete.
    private static func isUnfinished(_ sequence: ArraySlice<UInt8>) -> Bool {
        let rest = sequence.dropFirst()
        guard let bracket = rest.first else { return true }
        return bracket == UInt8(ascii: "[") && rest.dropFirst().allSatisfy { (0x30...0x3B).contains($0) }
    }

    private var lengthOfWholeCharacters: Int {
        var length = pending.count
        let start = max(0, length - Self.lookBack)
        if let escape = pending[start...].lastIndex(of: 0x1B), Self.isUnfinished(pending[escape...]) { length = escape }
        // A carriage return before a line feed is removed.
        if length > 0, pending[length - 1] == UInt8(ascii: "\r") { length -= 1 }
        var lead = length - 1
        while lead >= max(0, length - 4), pending[lead] & 0xC0 == 0x80 { lead -= 1 }
        guard lead >= max(0, length - 4), pending[lead] >= 0xC0 else { return length }
        let needed = pending[lead] >= 0xF0 ? 4 : pending[lead] >= 0xE0 ? 3 : 2
        return length - lead < needed ? lead : length
    }
}
