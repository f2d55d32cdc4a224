internal import Core
internal import Glibc
internal import System

/// The contents of a pack, read from its index.
package struct PackIndex: Sendable {
    /// An object with the offset of its entry and the entry's CRC-32.
    struct Entry: Sendable {
        let id: ObjectID
        let offset: Int
        let checksum: UInt32
    }

    private static let magic: [UInt8] = [0xff, 0x74, 0x4f, 0x63, 0, 0, 0, 2]
    private static let tableStart = 8
    private static let idStart = tableStart + 256 * 4

    /// The path of the pack and its index without extension.
    package let base: String
    /// The entries sorted by id.
    let entries: [Entry]

    /// Reads `base`.idx; nil if it is missing or not a complete index of version 2.
    package init?(base: String) {
        guard let bytes = System.bytes(of: "\(base).idx"), let entries = Self.entries(in: bytes) else { return nil }
        self.base = base
        self.entries = entries
    }

    /// The number of objects according to the index, of which only the header is read; nil if it is missing.
    package static func count(base: String) -> Int? {
        let descriptor = open("\(base).idx", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var number: UInt32 = 0
        guard pread(descriptor, &number, 4, off_t(idStart - 4)) == 4 else { return nil }
        return Int(UInt32(bigEndian: number))
    }

    /// The ids of all objects, sorted.
    package var ids: [ObjectID] { entries.map(\.id) }

    /// The number of objects in the pack.
    package var count: Int { entries.count }

    /// Whether the pack and the index are intact: their sizes and checksums, and that they belong together.
    ///
    /// - Complexity: Reads and hashes both.
    package static func isIntact(base: String) -> Bool {
        guard let index = System.bytes(of: "\(base).idx"), entries(in: index) != nil,
            sha1(index.dropLast(20)) == Array(index.suffix(20)), let pack = System.bytes(of: "\(base).pack"),
            pack.count >= 32
        else { return false }
        let trailer = Array(pack.suffix(20))
        return sha1(pack.dropLast(20)) == trailer && Array(index.dropLast(20).suffix(20)) == trailer
    }

    /// Whether every offset of the index is in its pack. libgit2 1.5 reads at any offset, and crashes if it is outside.
    ///
    /// An index that libgit2 rejects counts as safe, and so does one without a pack.
    ///
    /// - Complexity: Reads the offsets, a seventh of the index, in pieces, without hashing.
    package static func isSafe(base: String) -> Bool {
        var status = stat()
        guard stat("\(base).pack", &status) == 0,
            let index = try? FileSystem<SystemError>.File("\(base).idx", O_RDONLY), let head = try? index.read(idStart),
            head.count == idStart, head.starts(with: magic)
        else { return true }
        let end = Int(status.st_size) - 20
        let count = head.withUnsafeBytes { number(in: $0, at: idStart - 4) }
        let (offsets, large) = (idStart + count * 24, idStart + count * 28)
        let size = index.size
        guard large + 40 <= size else { return true }
        func isInPack(_ offset: Int) -> Bool {
            if offset < 1 << 31 { return offset >= 12 && offset < end }
            let start = large + (offset - 1 << 31) * 8
            guard start + 48 <= size, let bytes = try? index.read(8, at: start), bytes.count == 8 else { return false }
            let wide = bytes.withUnsafeBytes { number(in: $0, at: 0) << 32 | number(in: $0, at: 4) }
            return wide >= 12 && wide < end
        }
        for start in stride(from: offsets, to: large, by: pieceSize) {
            // libgit2 rejects an index that has been truncated in the meantime.
            guard let piece = try? index.read(min(pieceSize, large - start), at: start) else { return true }
            let isSafe = piece.withUnsafeBytes { bytes in
                stride(from: 0, to: bytes.count & ~3, by: 4).allSatisfy { isInPack(number(in: bytes, at: $0)) }
            }
            guard isSafe else { return false }
        }
        return true
    }

    /// The number of bytes of an index that are read at once.
    private static let pieceSize = 1 << 16

    private static func number(in bytes: UnsafeRawBufferPointer, at start: Int) -> Int {
        Int(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: start, as: UInt32.self)))
    }

    /// The contents of an index file.
    static func bytes(of entries: [Entry], packTrailer: [UInt8]) -> [UInt8] {
        var index = magic
        index.reserveCapacity(entries.count * 28 + 1100)
        // For each byte, the number of ids that begin with it, then accumulated.
        var table = [UInt32](repeating: 0, count: 256)
        for entry in entries { table[Int(entry.id.high >> 56)] += 1 }
        var sum: UInt32 = 0
        for first in table.indices {
            sum += table[first]
            table[first] = sum.bigEndian
        }
        table.withUnsafeBytes { index.append(contentsOf: $0) }
        for entry in entries { index += entry.id.bytes }
        for entry in entries { append(entry.checksum, to: &index) }
        var large: [UInt8] = []
        for entry in entries {
            if entry.offset < 1 << 31 {
                append(UInt32(entry.offset), to: &index)
            } else {
                append(UInt32(large.count / 8) | 1 << 31, to: &index)
                append(UInt32(entry.offset >> 32), to: &large)
                append(UInt32(truncatingIfNeeded: entry.offset), to: &large)
            }
        }
        index += large + packTrailer
        index += sha1(index[...])
        return index
    }

    private static func append(_ number: UInt32, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
    }

    private static func entries(in bytes: [UInt8]) -> [Entry]? {
        guard bytes.count >= idStart + 40, bytes.starts(with: magic) else { return nil }
        return bytes.withUnsafeBytes { buffer in
            func number(_ at: Int) -> UInt32 {
                UInt32(bigEndian: buffer.loadUnaligned(fromByteOffset: at, as: UInt32.self))
            }
            let count = Int(number(idStart - 4))
            let (checksums, offsets) = (idStart + count * 20, idStart + count * 24)
            let large = offsets + count * 4
            guard large + 40 <= buffer.count else { return nil }
            var entries: [Entry] = []
            entries.reserveCapacity(count)
            for index in 0..<count {
                var offset = Int(number(offsets + index * 4))
                if offset >= 1 << 31 {
                    let start = large + (offset - 1 << 31) * 8
                    guard start + 48 <= buffer.count else { return nil }
                    offset = Int(number(start)) << 32 | Int(number(start + 4))
                }
                let id = ObjectID(at: buffer.baseAddress! + idStart + index * 20)
                entries.append(Entry(id: id, offset: offset, checksum: number(checksums + index * 4)))
            }
            return entries
        }
    }
}

/// The SHA-1 of `bytes`.
private func sha1(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    var digest = MessageDigest(.sha1)
    digest.update(bytes)
    return digest.finishBytes()
}

func bigEndian(_ value: UInt32) -> [UInt8] {
    [
        UInt8(truncatingIfNeeded: value >> 24), UInt8(truncatingIfNeeded: value >> 16),
        UInt8(truncatingIfNeeded: value >> 8), UInt8(truncatingIfNeeded: value),
    ]
}
