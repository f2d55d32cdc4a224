/// An escape sequence in a string: `\n`, `\065`, `\x41`, or an escaped line end.
struct EscapeSequence {
    /// The number of bytes, including the backslash.
    var length: Int
    /// The byte that it represents; nil for a line end and the blanks after it.
    var value: UInt8?

    /// Parses the sequence whose backslash is at `start`; nil if it is not valid.
    init?(in bytes: UnsafeBufferPointer<UInt8>, at start: Int) {
        guard start + 1 < bytes.count else { return nil }
        let letter = bytes[start + 1]
        switch letter {
        case .backslash, .quote, .space, UInt8(ascii: "'"): self.init(length: 2, value: letter)
        case UInt8(ascii: "n"): self.init(length: 2, value: .newline)
        case UInt8(ascii: "r"): self.init(length: 2, value: .carriageReturn)
        case UInt8(ascii: "t"): self.init(length: 2, value: .tab)
        case UInt8(ascii: "b"): self.init(length: 2, value: 8)
        case UInt8(ascii: "x"): self.init(hexadecimalIn: bytes, at: start)
        case .newline, .carriageReturn: self.init(lineEndIn: bytes, at: start)
        default: self.init(decimalIn: bytes, at: start)
        }
    }

    private init(length: Int, value: UInt8?) {
        self.length = length
        self.value = value
    }

    private init?(hexadecimalIn bytes: UnsafeBufferPointer<UInt8>, at start: Int) {
        guard start + 3 < bytes.count, let high = bytes[start + 2].hexadecimalValue,
            let low = bytes[start + 3].hexadecimalValue
        else { return nil }
        self.init(length: 4, value: high << 4 | low)
    }

    private init?(decimalIn bytes: UnsafeBufferPointer<UInt8>, at start: Int) {
        guard start + 3 < bytes.count else { return nil }
        let digits = bytes[(start + 1)...(start + 3)]
        guard digits.allSatisfy(\.isDigit) else { return nil }
        let value = digits.reduce(0) { $0 * 10 + Int($1 &- .zero) }
        guard value <= 255 else { return nil }
        self.init(length: 4, value: UInt8(value))
    }

    private init?(lineEndIn bytes: UnsafeBufferPointer<UInt8>, at start: Int) {
        var end = start + 1
        if bytes[end] == .carriageReturn { end += 1 }
        guard end < bytes.count, bytes[end] == .newline else { return nil }
        end += 1
        while end < bytes.count, bytes[end] == .space || bytes[end] == .tab { end += 1 }
        self.init(length: end - start, value: nil)
    }
}
