internal import Foundation

/// The codes by which programs colour text and move the cursor.
enum TerminalCodes {
    static let escape: UInt8 = 0x1B

    /// The text without them; nil where it has none. Ends of lines stay.
    static func removed(from text: UnsafeRawBufferPointer) -> [UInt8]? {
        guard let start = text.baseAddress, memchr(start, Int32(escape), text.count) != nil else { return nil }
        return [UInt8](unsafeUninitializedCapacity: text.count) { result, count in
            guard let target = result.baseAddress else { return }
            var position = 0
            while position < text.count {
                let found = memchr(start + position, Int32(escape), text.count - position)
                let end = found.map { start.distance(to: UnsafeRawPointer($0)) } ?? text.count
                memcpy(target + count, start + position, end - position)
                count += end - position
                position = end < text.count ? end + length(of: text[end...]) : end
            }
        }
    }

    /// How long the code is with which a text begins: at least the escape, never more than the line.
    private static func length(of text: Slice<UnsafeRawBufferPointer>) -> Int {
        guard let kind = text.dropFirst().first else { return 1 }
        switch kind {
        case UInt8(ascii: "["):
            let parameters = text.dropFirst(2).prefix(64).prefix { (0x20...0x3F).contains($0) }
            let final = text.dropFirst(2 + parameters.count).first
            return 2 + parameters.count + (final.map { (0x40...0x7E).contains($0) } == true ? 1 : 0)
        case UInt8(ascii: "]"):
            let body = text.dropFirst(2).prefix(1024).prefix { $0 >= 0x20 && $0 != 0x7F }
            let end = text.dropFirst(2 + body.count)
            return 2 + body.count + (end.first == 7 ? 1 : 0)
        case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "#"):
            return text.dropFirst(2).first.map { $0 >= 0x20 } == true ? 3 : 2
        default: return (0x20...0x7E).contains(kind) ? 2 : 1
        }
    }
}
