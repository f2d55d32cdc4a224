internal import Foundation

/// Finds lines by their line feeds.
enum Lines {
    static let newline = UInt8(ascii: "\n")
    static let carriageReturn = UInt8(ascii: "\r")

    /// The number of line feeds in `text`.
    static func count(in text: UnsafeRawBufferPointer) -> Int {
        guard let start = text.baseAddress else { return 0 }
        let (lows, ends): (UInt64, UInt64) = (0x7F7F_7F7F_7F7F_7F7F, 0x0101_0101_0101_0101 * UInt64(newline))
        let pairs: UInt64 = 0x00FF_00FF_00FF_00FF
        var (count, position) = (0, 0)
        while position + 8 <= text.count {
            // Each byte counts the line feeds at its position: 255 at most.
            var sums: UInt64 = 0
            let last = min(text.count - 8, position + 254 * 8)
            while position <= last {
                let word = start.loadUnaligned(fromByteOffset: position, as: UInt64.self) ^ ends
                // One in each byte that is 0.
                sums &+= ~(((word & lows) &+ lows) | word | lows) >> 7
                position += 8
            }
            count += Int((((sums & pairs) &+ ((sums >> 8) & pairs)) &* 0x0001_0001_0001_0001) >> 48)
        }
        while position < text.count {
            if text[position] == newline { count += 1 }
            position += 1
        }
        return count
    }

    /// The range of the line with this number, from 0, without its line feed.
    static func range(of number: Int, in text: UnsafeRawBufferPointer) -> Range<Int> {
        var (start, left) = (0, number)
        while left > 0, start + piece <= text.count {
            let lines = count(in: UnsafeRawBufferPointer(rebasing: text[start..<start + piece]))
            guard lines < left else { break }
            left -= lines
            start += piece
        }
        for _ in 0..<left { start = end(from: start, in: text) + 1 }
        return min(start, text.count)..<end(from: start, in: text)
    }

    private static let piece = 4096

    /// The end of the line that contains `position`.
    static func end(from position: Int, in text: UnsafeRawBufferPointer) -> Int {
        guard position < text.count, let start = text.baseAddress,
            let found = memchr(start + position, Int32(newline), text.count - position)
        else { return text.count }
        return start.distance(to: UnsafeRawPointer(found))
    }

    /// The start of the line that contains `position`.
    static func start(of position: Int, in text: UnsafeRawBufferPointer) -> Int {
        var start = min(position, text.count)
        while start > 0, text[start - 1] != newline { start -= 1 }
        return start
    }
}
