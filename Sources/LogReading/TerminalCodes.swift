internal import Glibc
internal import System

/// The codes by which programs set colours and move the cursor.
enum TerminalCodes {
    static let escape: UInt8 = 0x1B

    /// The text without codes; nil if there are none. Line ends are kept.
    static func removed(from text: UnsafeRawBufferPointer) -> [UInt8]? {
        guard let start = text.baseAddress, memchr(start, Int32(escape), text.count) != nil else { return nil }
        return [UInt8](unsafeUninitializedCapacity: text.count) { result, count in
            guard let target = result.baseAddress else { return }
            adviseLargePages(for: UnsafeMutableRawBufferPointer(result))
            var position = 0
            while position < text.count {
                if text[position] == escape {
                    // Most of a hostile log may be escape characters, of which only the last one begins a code.
                    while position + 1 < text.count, text[position + 1] == escape { position += 1 }
                    position += length(of: text, from: position)
                    continue
                }
                // Between two codes there is often only one word.
                var left = min(shortText, text.count - position)
                while left > 0, text[position] != escape {
                    target[count] = text[position]
                    (count, position, left) = (count + 1, position + 1, left - 1)
                }
                guard left == 0, position < text.count else { continue }
                let found = memchr(start + position, Int32(escape), text.count - position)
                let end = found.map { start.distance(to: UnsafeRawPointer($0)) } ?? text.count
                memcpy(target + count, start + position, end - position)
                count += end - position
                position = end
            }
        }
    }

    /// The size up to which bytes are copied one by one.
    private static let shortText = 24

    /// The length of the code at `start`: at least the escape character, and at most the rest of the line.
    private static func length(of text: UnsafeRawBufferPointer, from start: Int) -> Int {
        guard start + 1 < text.count else { return 1 }
        let kind = text[start + 1]
        var end = start + 2
        switch kind {
        case UInt8(ascii: "["):
            let limit = min(text.count, end + 64)
            while end < limit, text[end] >= 0x20, text[end] <= 0x3F { end += 1 }
            if end < text.count, text[end] >= 0x40, text[end] <= 0x7E { end += 1 }
            return end - start
        case UInt8(ascii: "]"):
            let limit = min(text.count, end + 1024)
            while end < limit, text[end] >= 0x20, text[end] != 0x7F { end += 1 }
            if end < text.count, text[end] == 7 { end += 1 }
            return end - start
        case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "#"):
            return end < text.count && text[end] >= 0x20 ? 3 : 2
        default: return kind >= 0x20 && kind <= 0x7E ? 2 : 1
        }
    }
}
