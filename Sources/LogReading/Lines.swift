internal import Foundation

/// Lines of bytes, by their ends.
enum Lines {
    static let newline = UInt8(ascii: "\n")
    static let carriageReturn = UInt8(ascii: "\r")

    /// How many lines end in `text`.
    static func count(in text: UnsafeRawBufferPointer) -> Int {
        guard let start = text.baseAddress else { return 0 }
        let (one, ends) = (SIMD32<UInt8>(repeating: 1), SIMD32<UInt8>(repeating: newline))
        var (count, position) = (0, 0)
        while position + 32 <= text.count {
            // 255 in each place are as many as it holds.
            var sums = SIMD32<UInt8>()
            let last = min(text.count - 32, position + 254 * 32)
            while position <= last {
                let bytes = start.loadUnaligned(fromByteOffset: position, as: SIMD32<UInt8>.self)
                sums &+= one.replacing(with: 0, where: bytes .!= ends)
                position += 32
            }
            for index in sums.indices { count += Int(sums[index]) }
        }
        while position < text.count {
            if text[position] == newline { count += 1 }
            position += 1
        }
        return count
    }

    /// The bytes of the line with this number, from 0, without its end.
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
