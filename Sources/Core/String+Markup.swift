extension String {
    /// This text with the characters of markup as entities: as text and as a quoted value of an attribute, in HTML and in XML.
    ///
    /// Control characters stay: see `displayable`. A character of markup is escaped whatever combines with it.
    package var escapedAsMarkup: String {
        var text = self
        return text.withUTF8 { bytes in
            guard bytes.contains(where: Self.mayBeMarkup) else { return nil }
            var escaped: [UInt8] = []
            escaped.reserveCapacity(bytes.count + bytes.count / 4 + 16)
            for (place, byte) in bytes.enumerated() {
                switch byte {
                case UInt8(ascii: "&"): escaped += "&amp;".utf8
                case UInt8(ascii: "<"): escaped += "&lt;".utf8
                case UInt8(ascii: ">"): escaped += "&gt;".utf8
                case UInt8(ascii: "\""): escaped += "&quot;".utf8
                case UInt8(ascii: "'"): escaped += "&#39;".utf8
                // XML forbids U+FFFE and U+FFFF, which are written as U+FFFD.
                case 0xBE...0xBF where place > 1 && bytes[place - 1] == 0xBF && bytes[place - 2] == 0xEF:
                    escaped.append(0xBD)
                default: escaped.append(byte)
                }
            }
            return String(decoding: escaped, as: UTF8.self)
        } ?? self
    }

    /// Whether a byte is one of markup, or the first one of a character that XML forbids.
    private static func mayBeMarkup(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "&") || byte == UInt8(ascii: "<") || byte == UInt8(ascii: ">")
            || byte == UInt8(ascii: "\"")
            || byte == UInt8(ascii: "'") || byte == 0xEF
    }
}
