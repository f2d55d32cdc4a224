internal import Foundation

/// Lines of bytes, by their ends.
enum Lines {
    static let newline = UInt8(ascii: "\n")
    static let carriageReturn = UInt8(ascii: "\r")

    /// How many lines end in `text`.
    static func count(in text: UnsafeRawBufferPointer) -> Int {
        guard let start = text.baseAddress else { return 0 }
        var (count, position) = (0, 0)
        while position < text.count, let found = memchr(start + position, Int32(newline), text.count - position) {
            count += 1
            position = start.distance(to: UnsafeRawPointer(found)) + 1
        }
        return count
    }

    /// The bytes of the line with this number, from 0, without its end.
    static func range(of number: Int, in text: UnsafeRawBufferPointer) -> Range<Int> {
        var start = 0
        for _ in 0..<number { start = end(from: start, in: text) + 1 }
        return min(start, text.count)..<end(from: start, in: text)
    }

    /// Where the line that `position` is in ends.
    static func end(from position: Int, in text: UnsafeRawBufferPointer) -> Int {
        guard position < text.count, let start = text.baseAddress,
            let found = memchr(start + position, Int32(newline), text.count - position)
        else { return text.count }
        return start.distance(to: UnsafeRawPointer(found))
    }

    /// Where the line that `position` is in begins.
    static func start(of position: Int, in text: UnsafeRawBufferPointer) -> Int {
        var start = min(position, text.count)
        while start > 0, text[start - 1] != newline { start -= 1 }
        return start
    }
}
