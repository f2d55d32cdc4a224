internal import Glibc

/// Encodes an object as a delta against another one, in the format of git's packs.
///
/// The format is described in git's `gitformat-pack` manual: two sizes, then commands that copy from the base or insert
/// new bytes. The common prefix and suffix are found by comparison; between them, blocks of the base are looked up by
/// their hashes.
package enum Delta {
    private static let block = 16

    /// The delta that turns `base` into `target`; nil if it would be longer than `limit` bytes.
    ///
    /// - Complexity: Linear in the size of both.
    package static func make(from base: [UInt8], to target: [UInt8], limit: Int) -> [UInt8]? {
        guard base.count < Int(Int32.max), target.count < Int(Int32.max) else { return nil }
        return base.withUnsafeBytes { base in
            target.withUnsafeBytes { target in
                var writer = DeltaWriter(limit: limit)
                writer.add(size: base.count)
                writer.add(size: target.count)
                let start = commonPrefix(base, target)
                let end = commonSuffix(base, target, atMost: min(base.count, target.count) - start)
                writer.copy(0, start)
                match(base, start..<(base.count - end), target, start..<(target.count - end), &writer)
                writer.copy(base.count - end, end)
                return writer.finish()
            }
        }
    }

    /// Applies `delta` to `base`; nil if the delta is damaged or belongs to another base.
    static func apply(_ delta: [UInt8], to base: [UInt8]) -> [UInt8]? {
        var at = 0
        func byte() -> Int? {
            guard at < delta.count else { return nil }
            defer { at += 1 }
            return Int(delta[at])
        }
        func size() -> Int? {
            var (value, shift) = (0, 0)
            while let next = byte(), shift < 56 {
                value |= (next & 0x7f) << shift
                shift += 7
                if next & 0x80 == 0 { return value }
            }
            return nil
        }
        guard size() == base.count, let total = size(), total <= 1 << 30 else { return nil }
        var output: [UInt8] = []
        output.reserveCapacity(total)
        while let code = byte() {
            if code & 0x80 == 0 {
                guard code > 0, at + code <= delta.count else { return nil }
                output += delta[at..<at + code]
                at += code
                continue
            }
            var (offset, count) = (0, 0)
            for bit in 0..<4 where code & 1 << bit != 0 {
                guard let next = byte() else { return nil }
                offset |= next << (8 * bit)
            }
            for bit in 0..<3 where code & 16 << bit != 0 {
                guard let next = byte() else { return nil }
                count |= next << (8 * bit)
            }
            if count == 0 { count = 0x10000 }
            guard offset + count <= base.count, output.count + count <= total else { return nil }
            output += base[offset..<offset + count]
        }
        return output.count == total ? output : nil
    }

    private static func commonPrefix(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Int {
        let limit = min(left.count, right.count)
        var at = 0
        while at + 8 <= limit,
            left.loadUnaligned(fromByteOffset: at, as: UInt64.self)
                == right.loadUnaligned(fromByteOffset: at, as: UInt64.self)
        { at += 8 }
        while at < limit, left[at] == right[at] { at += 1 }
        return at
    }

    private static func commonSuffix(
        _ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer, atMost limit: Int
    ) -> Int {
        var count = 0
        while count + 8 <= limit,
            left.loadUnaligned(fromByteOffset: left.count - count - 8, as: UInt64.self)
                == right.loadUnaligned(fromByteOffset: right.count - count - 8, as: UInt64.self)
        { count += 8 }
        while count < limit, left[left.count - count - 1] == right[right.count - count - 1] { count += 1 }
        return count
    }

    /// Encodes the range `wanted` of `target` with blocks of the range `known` of `base`, using the first block with
    /// each hash.
    private static func match(
        _ base: UnsafeRawBufferPointer, _ known: Range<Int>, _ target: UnsafeRawBufferPointer, _ wanted: Range<Int>,
        _ writer: inout DeltaWriter
    ) {
        guard wanted.count >= block, known.count >= block else {
            return writer.insert(UnsafeRawBufferPointer(rebasing: target[wanted]))
        }
        let blocks = BlockTable(base, known, size: block)
        var pending = wanted.lowerBound
        var at = wanted.lowerBound
        while at + block <= wanted.upperBound {
            guard let match = blocks.find(target, at) else {
                at += 1
                continue
            }
            var back = 0
            while at - back > pending, match - back > known.lowerBound, base[match - back - 1] == target[at - back - 1]
            {
                back += 1
            }
            var length = block
            while at + length < wanted.upperBound, match + length < known.upperBound,
                base[match + length] == target[at + length]
            { length += 1 }
            writer.insert(UnsafeRawBufferPointer(rebasing: target[pending..<(at - back)]))
            writer.copy(match - back, length + back)
            at += length
            pending = at
            if writer.isFull { return }
        }
        writer.insert(UnsafeRawBufferPointer(rebasing: target[pending..<wanted.upperBound]))
    }
}

/// The offsets of the blocks of a buffer, by their hashes.
private struct BlockTable {
    private let base: UnsafeRawBufferPointer
    private let size: Int
    private let shift: UInt64
    /// The offset of the block with a hash, plus one; 0 if there is none.
    private var table: [Int32]

    init(_ base: UnsafeRawBufferPointer, _ known: Range<Int>, size: Int) {
        self.base = base
        self.size = size
        var bits: UInt64 = 6
        while 1 << bits < known.count / size * 2 { bits += 1 }
        shift = 64 - bits
        table = [Int32](repeating: 0, count: 1 << bits)
        var at = known.lowerBound
        while at + size <= known.upperBound {
            let slot = hash(base, at)
            if table[slot] == 0 { table[slot] = Int32(at) + 1 }
            at += size
        }
    }

    private func hash(_ buffer: UnsafeRawBufferPointer, _ at: Int) -> Int {
        let first = buffer.loadUnaligned(fromByteOffset: at, as: UInt64.self)
        let second = buffer.loadUnaligned(fromByteOffset: at + 8, as: UInt64.self)
        let mixed = ((first &* 0x9e37_79b9_7f4a_7c15) ^ second) &* 0xff51_afd7_ed55_8ccd
        return Int(truncatingIfNeeded: mixed >> shift)
    }

    func find(_ target: UnsafeRawBufferPointer, _ at: Int) -> Int? {
        let match = Int(table[hash(target, at)]) - 1
        guard match >= 0, memcmp(base.baseAddress! + match, target.baseAddress! + at, size) == 0 else { return nil }
        return match
    }
}

/// Appends commands up to a limit.
private struct DeltaWriter {
    private let limit: Int
    private var bytes: [UInt8] = []

    init(limit: Int) { self.limit = limit }

    var isFull: Bool { bytes.count > limit }

    func finish() -> [UInt8]? { isFull ? nil : bytes }

    mutating func add(size: Int) {
        var rest = size
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7f) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    mutating func copy(_ offset: Int, _ count: Int) {
        var (offset, count) = (offset, count)
        // Not all readers support copies of more than 64 KiB.
        while count > 0 {
            let size = min(count, 0x10000)
            let start = bytes.count
            var command: UInt8 = 0x80
            bytes.append(0)
            for index in 0..<4 where offset >> (8 * index) & 0xff != 0 {
                command |= 1 << UInt8(index)
                bytes.append(UInt8(offset >> (8 * index) & 0xff))
            }
            if size != 0x10000 {
                for index in 0..<2 where size >> (8 * index) & 0xff != 0 {
                    command |= 0x10 << UInt8(index)
                    bytes.append(UInt8(size >> (8 * index) & 0xff))
                }
            }
            bytes[start] = command
            offset += size
            count -= size
        }
    }

    mutating func insert(_ part: UnsafeRawBufferPointer) {
        guard !isFull else { return }
        if part.count > limit { return bytes.append(contentsOf: repeatElement(0, count: limit + 1)) }
        var at = 0
        while at < part.count {
            let size = min(127, part.count - at)
            bytes.append(UInt8(size))
            bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: part[at..<(at + size)]))
            at += size
        }
    }
}
