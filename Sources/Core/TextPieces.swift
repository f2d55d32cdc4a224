/// Cuts bytes that arrive bit by bit into pieces of text that can be made displayable one by one.
///
/// A piece ends after a line feed; that of a very long line ends between characters and outside of escape sequences. So the
/// pieces made displayable are the whole made displayable.
public struct TextPieces: Sendable {
    private var pending: [UInt8] = []

    /// Bytes of one line after which it is cut.
    private static let longestLine = 1 << 16
    /// Bytes before the end in which an escape sequence or a character may have begun.
    private static let lookBack = 80

    public init() {}

    /// Adds bytes.
    ///
    /// - Returns: the text of the lines that are complete; empty if none is.
    public mutating func append(_ bytes: some Sequence<UInt8>) -> String {
        pending.append(contentsOf: bytes)
        if let end = pending.lastIndex(of: UInt8(ascii: "\n")) { return take(end + 1) }
        return pending.count > Self.longestLine ? takeWholeCharacters() : ""
    }

    /// What there is of an unfinished line, without a character or an escape sequence that may have only begun.
    public mutating func takeWholeCharacters() -> String { take(lengthOfWholeCharacters) }

    /// The rest.
    public mutating func finish() -> String { take(pending.count) }

    private mutating func take(_ count: Int) -> String {
        guard count > 0 else { return "" }
        let text = String(decoding: pending[..<count], as: UTF8.self)
        pending.removeFirst(count)
        return text
    }

    /// Whether an escape sequence that begins here may go on.
    private static func isUnfinished(_ sequence: ArraySlice<UInt8>) -> Bool {
        let rest = sequence.dropFirst()
        guard let bracket = rest.first else { return true }
        return bracket == UInt8(ascii: "[") && rest.dropFirst().allSatisfy { (0x30...0x3B).contains($0) }
    }

    private var lengthOfWholeCharacters: Int {
        var length = pending.count
        let start = max(0, length - Self.lookBack)
        if let escape = pending[start...].lastIndex(of: 0x1B), Self.isUnfinished(pending[escape...]) { length = escape }
        // A carriage return before a line feed is dropped.
        if length > 0, pending[length - 1] == UInt8(ascii: "\r") { length -= 1 }
        var lead = length - 1
        while lead >= max(0, length - 4), pending[lead] & 0xC0 == 0x80 { lead -= 1 }
        guard lead >= max(0, length - 4), pending[lead] >= 0xC0 else { return length }
        let needed = pending[lead] >= 0xF0 ? 4 : pending[lead] >= 0xE0 ? 3 : 2
        return length - lead < needed ? lead : length
    }
}
