/// Converts the bytes of a console to the text that a terminal shows: without escape sequences and control characters.
///
/// A sequence is at most 256 bytes long; a longer one ends there, so output cannot be hidden by a sequence without an
/// end.
struct ConsoleText {
    private enum State {
        case text
        /// After ESC.
        case escape
        /// After ESC and one of ` #%()*+-./`: one more byte.
        case charset
        /// After ESC `[`: up to a byte from `@` to `~`.
        case control
        /// After ESC `]`, `P`, `X`, `^` or `_`: up to BEL or ESC `\`.
        case string
    }

    private var state = State.text
    private var length = 0
    private static let longestSequence = 256

    /// The byte in displayed form; nil if a terminal shows nothing for it.
    mutating func show(_ byte: UInt8) -> UInt8? {
        if byte == UInt8(ascii: "\u{1B}") {
            // Within a string, it begins the terminator.
            (state, length) = (.escape, 0)
            return nil
        }
        length += 1
        if length > Self.longestSequence { state = .text }
        switch state {
        case .text: return Self.shown(byte)
        case .escape: state = Self.state(after: byte)
        case .charset: state = .text
        case .control: if (0x40...0x7E).contains(byte) { state = .text }
        case .string: if byte == 7 { state = .text }
        }
        if state == .text { length = 0 }
        return nil
    }

    private static func state(after byte: UInt8) -> State {
        switch byte {
        case UInt8(ascii: "["): .control
        case UInt8(ascii: "]"), UInt8(ascii: "P"), UInt8(ascii: "X"), UInt8(ascii: "^"), UInt8(ascii: "_"): .string
        case 0x20, UInt8(ascii: "#"), UInt8(ascii: "%"), UInt8(ascii: "(")...UInt8(ascii: "/"): .charset
        default: .text
        }
    }

    private static func shown(_ byte: UInt8) -> UInt8? {
        byte >= 0x20 && byte != 0x7F || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\t") ? byte : nil
    }
}
