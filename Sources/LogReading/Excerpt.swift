/// An excerpt of a log, for people.
enum Excerpt {
    private static let (before, after) = (3, 8)

    /// The lines of `range`, then as many lines after and before it as fit.
    static func text(around range: Range<Int>, in text: UnsafeRawBufferPointer) -> String {
        var result = cut(plain(text[range]), to: LogReader.longestExcerpt)
        var position = Lines.end(from: range.upperBound, in: text) + 1
        for _ in 0..<after where position < text.count {
            let end = Lines.end(from: position, in: text)
            guard append("\n" + line(text[position..<end]), to: &result) else { break }
            position = end + 1
        }
        var start = Lines.start(of: range.lowerBound, in: text)
        for _ in 0..<before where start > 0 {
            let earlier = Lines.start(of: start - 1, in: text)
            var longer = line(text[earlier..<start - 1]) + "\n"
            guard longer.utf8.count + result.utf8.count <= LogReader.longestExcerpt else { break }
            longer += result
            result = longer
            start = earlier
        }
        return result
    }

    private static func line(_ bytes: Slice<UnsafeRawBufferPointer>) -> String {
        String(decoding: plain(bytes.prefix(2 * LogReader.longestExcerpt)), as: UTF8.self)
    }

    private static func append(_ line: String, to text: inout String) -> Bool {
        guard text.utf8.count + line.utf8.count <= LogReader.longestExcerpt else { return false }
        text += line
        return true
    }

    /// Replaces characters that affect a terminal by blanks.
    private static func plain(_ bytes: Slice<UnsafeRawBufferPointer>) -> [UInt8] {
        var end = bytes.endIndex
        while end > bytes.startIndex, bytes[end - 1] == Lines.carriageReturn { end -= 1 }
        return bytes[..<end].map { $0 < 0x20 && $0 != 9 && $0 != Lines.newline || $0 == 0x7F ? 0x20 : $0 }
    }

    /// The longest prefix of whole characters that fits into `limit` bytes of UTF-8.
    static func cut(_ bytes: [UInt8], to limit: Int) -> String {
        var text = String(decoding: bytes.prefix(limit), as: UTF8.self)
        while text.utf8.count > limit { text.unicodeScalars.removeLast() }
        if bytes.count > limit, text.unicodeScalars.last == "\u{FFFD}" { text.unicodeScalars.removeLast() }
        return text
    }
}
