extension String {
    /// This text with markup characters replaced by entities, for text and quoted attribute values in HTML and XML.
    ///
    /// Control characters are kept: see `displayable`. A markup character is escaped even if a combining character
    /// follows it.
    package var escapedAsMarkup: String {
        var text = self
        return text.withUTF8 { bytes in
            guard bytes.contains(where: Self.mayBeMarkup) else { return nil }
            var escaped: [UInt8] = []
            escaped.reserveCapacity(bytes.count + bytes.count / 4 + 16)
            for (index, byte) in bytes.enumerated() {
                switch byte {
                case UInt8(ascii: "&"): escaped += "&amp;".utf8
                case UInt8(ascii: "<"): escaped += "&lt;".utf8
                case UInt8(ascii: ">"): escaped += "&gt;".utf8
                case UInt8(ascii: "\""): escaped += "&quot;".utf8
                case UInt8(ascii: "'"): escaped += "&#39;".utf8
                // XML forbids U+FFFE and U+FFFF, which are replaced by U+FFFD.
                case 0xBE...0xBF where index > 1 && bytes[index - 1] == 0xBF && bytes[index - 2] == 0xEF:
                    escaped.append(0xBD)
                default: escaped.append(byte)
                }
            }
            return String(decoding: escaped, as: UTF8.self)
        } ?? self
    }

    /// Whether a byte is a markup character, or the first byte of a character that XML forbids.
    private static func mayBeMarkup(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "&") || byte == UInt8(ascii: "<") || byte == UInt8(ascii: ">")
            || byte == UInt8(ascii: "\"")
            || byte == UInt8(ascii: "'") || byte == 0xEF
    }
}
