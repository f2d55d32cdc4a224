internal import Glibc
internal import System

/// The codes by which programs set colours and move the cursor.
enum TerminalCodes {
    static let escape: UInt8 = 0x1B

    /// The text without codes; nil if it contains none. Line ends are kept.
    static func removed(from text: UnsafeRawBufferPointer) -> [UInt8]? {
        guard let start = text.baseAddress, memchr(start, Int32(escape), text.count) != nil else { return nil }
        return [UInt8](unsafeUninitializedCapacity: text.count) { result, count in
            guard let target = result.baseAddress else { return }
            adviseLargePages(for: UnsafeMutableRawBufferPointer(result))
            let bytes = start.assumingMemoryBound(to: UInt8.self)
            // The sums below are at most the size of the text.
            var (position, filled) = (0, 0)
            defer { count = filled }
            while position < text.count {
                if bytes[position] == escape {
                    // Most of a hostile log may be escape characters, of which only the last one begins a code.
                    while position &+ 1 < text.count, bytes[position &+ 1] == escape { position &+= 1 }
                    position &+= length(of: text, from: position)
                    continue
                }
                // Between two codes there is often only one word.
                let short = min(position &+ shortText, text.count)
                while position < short, bytes[position] != escape {
                    target[filled] = bytes[position]
                    (filled, position) = (filled &+ 1, position &+ 1)
                }
                guard position == short, position < text.count, bytes[position] != escape else { continue }
                let found = memchr(start + position, Int32(escape), text.count - position)
                let end = found.map { start.distance(to: UnsafeRawPointer($0)) } ?? text.count
                memcpy(target + filled, start + position, end - position)
                filled += end - position
                position = end
            }
        }
    }

    /// The size up to which bytes are copied one by one.
    private static let shortText = 24

    /// The length of the code at `start`: at least the escape character, and at most the rest of the line.
    @inline(__always)
    private static func length(of text: UnsafeRawBufferPointer, from start: Int) -> Int {
        guard start &+ 1 < text.count else { return 1 }
        let kind = text[start &+ 1]
        var end = start &+ 2
        switch kind {
        case UInt8(ascii: "["):
            let limit = min(text.count, end &+ 64)
            while end < limit, text[end] & 0xE0 == 0x20 { end &+= 1 }
            if end < text.count, text[end] >= 0x40, text[end] <= 0x7E { end &+= 1 }
            return end &- start
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
