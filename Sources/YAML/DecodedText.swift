/// A text file as decoded by an editor: in UTF-8 or, with a byte order mark, UTF-16; without the mark.
struct DecodedText {
    private(set) var bytes: [UInt8]
    /// The position of the first bytes that are invalid in the encoding, from 1.
    private(set) var invalid: (line: Int, column: Int)?
    /// The lines, with YAML's line ends.
    private(set) var lines: [Substring] = []

    init(_ bytes: [UInt8]) {
        let units = bytes.dropFirst(2)
        switch (bytes.first, bytes.dropFirst().first) {
        case (0xFF, 0xFE): self.init(utf16: units, high: 1, low: 0)
        case (0xFE, 0xFF): self.init(utf16: units, high: 0, low: 1)
        default: self.init(utf8: bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes)
        }
    }

    private init(utf8 bytes: [UInt8]) {
        self.bytes = bytes
        lines = Self.lines(String(decoding: bytes, as: UTF8.self))
        var decoder = UTF8()
        invalid = Self.firstInvalidPosition(&decoder, bytes.makeIterator())
    }

    /// - Parameters:
    ///   - high: the index of the high byte of a unit.
    ///   - low: the index of the low byte.
    private init(utf16 bytes: ArraySlice<UInt8>, high: Int, low: Int) {
        let units = stride(from: bytes.startIndex, to: bytes.endIndex - 1, by: 2).map { index in
            UInt16(bytes[index + high]) << 8 | UInt16(bytes[index + low])
        }
        let text = String(decoding: units, as: UTF16.self)
        self.bytes = Array(text.utf8)
        lines = Self.lines(text)
        var decoder = UTF16()
        invalid = Self.firstInvalidPosition(&decoder, units.makeIterator())
        if invalid == nil, !bytes.count.isMultiple(of: 2) { invalid = (lines.count, (lines.last?.count ?? 0) + 1) }
    }

    private static func lines(_ text: String) -> [Substring] {
        text.split(omittingEmptySubsequences: false) { letter in
            ["\n", "\r\n", "\r", "\u{85}", "\u{2028}", "\u{2029}"].contains(letter)
        }
    }

    /// The position of the first invalid unit.
    private static func firstInvalidPosition<Codec: UnicodeCodec>(
        _ decoder: inout Codec, _ units: some IteratorProtocol<Codec.CodeUnit>
    ) -> (line: Int, column: Int)? {
        var units = units
        var (line, column) = (1, 1)
        var wasReturn = false
        while true {
            switch decoder.decode(&units) {
            case .emptyInput: return nil
            case .error: return (line, column)
            case .scalarValue(let scalar):
                if scalar == "\n", wasReturn {
                    wasReturn = false
                    continue
                }
                wasReturn = scalar == "\r"
                if ["\n", "\r", "\u{85}", "\u{2028}", "\u{2029}"].contains(scalar) {
                    (line, column) = (line + 1, 1)
                } else {
                    column += 1
                }
            }
        }
    }
}
