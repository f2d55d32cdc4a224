internal import Core
internal import Glibc

/// Writes many objects as one pack with its index: one file to sync instead of thousands.
///
/// Objects are compressed, not made into deltas: that is left to repacking. Appears in the repository only by `finish`.
/// The formats are those of git's `gitformat-pack` manual, pack version 2 and index version 2.
package final class PackWriter {
    private struct Entry {
        let id: ObjectID
        let offset: Int
        let checksum: UInt32
    }

    private static let flushSize = 1 << 20
    private let directory: String
    private let temporary: String
    private let descriptor: Int32
    private let deflater = Deflater(level: 1)
    private var digest = MessageDigest(.sha1)
    private var pending: [UInt8] = []
    private var offset = 0
    private var entries: [Entry] = []
    private var known: Set<ObjectID> = []
    private var isFinished = false

    /// Starts a pack of exactly `count` different objects in the `objects` folder `directory`.
    package init(objects directory: String, count: Int) throws(GitError) {
        self.directory = directory
        mkdir("\(directory)/pack", 0o777)
        temporary = "\(directory)/pack/tmp_pack_\(getpid())_\(UInt32.random(in: 0...UInt32.max))"
        descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o444)
        guard descriptor >= 0 else { throw Self.failure("make '\(temporary)'", directory, errno) }
        try append(Array("PACK".utf8) + bigEndian(2) + bigEndian(UInt32(count)))
    }

    deinit {
        close(descriptor)
        if !isFinished { unlink(temporary) }
    }

    /// Adds an object under `id`, which must be its name, unless it was added before.
    package func add(_ id: ObjectID, _ type: ObjectType, _ bytes: [UInt8]) throws(GitError) {
        guard known.insert(id).inserted else { return }
        var header: [UInt8] = []
        var rest = bytes.count
        var byte = type.packNumber << 4 | UInt8(rest & 15)
        rest >>= 4
        while rest > 0 {
            header.append(byte | 0x80)
            byte = UInt8(rest & 0x7f)
            rest >>= 7
        }
        header.append(byte)
        let contents = header + deflater.deflate(bytes)
        entries.append(Entry(id: id, offset: offset, checksum: crc32(contents)))
        try append(contents)
    }

    /// Completes the pack and its index, makes both durable, and lets them appear.
    package func finish() throws(GitError) {
        try flush()
        var finished = MessageDigest(.sha1)
        swap(&finished, &digest)
        let trailer = ObjectID(hex: finished.finish())?.bytes ?? []
        try write(trailer, descriptor)
        guard fsync(descriptor) == 0 else { throw failure("sync '\(temporary)'") }
        entries.sort { $0.id < $1.id }
        let name = hexadecimal(trailer)
        let index = "\(temporary).idx"
        try writeIndex(to: index, packTrailer: trailer)
        let base = "\(directory)/pack/pack-\(name)"
        // The index makes the pack visible, so it comes last.
        guard rename(temporary, "\(base).pack") == 0, rename(index, "\(base).idx") == 0 else {
            throw failure("name '\(base).pack'")
        }
        isFinished = true
        let folder = open("\(directory)/pack", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw failure("sync '\(directory)/pack'") }
    }

    private func writeIndex(to path: String, packTrailer: [UInt8]) throws(GitError) {
        var index: [UInt8] = [0xff, 0x74, 0x4f, 0x63] + bigEndian(2)
        index.reserveCapacity(entries.count * 28 + 1100)
        var next = 0
        for first in 0..<256 {
            while next < entries.count, entries[next].id.high >> 56 <= UInt64(first) { next += 1 }
            index += bigEndian(UInt32(next))
        }
        for entry in entries { index += entry.id.bytes }
        for entry in entries { index += bigEndian(entry.checksum) }
        var large: [UInt8] = []
        for entry in entries {
            if entry.offset < 1 << 31 {
                index += bigEndian(UInt32(entry.offset))
            } else {
                index += bigEndian(UInt32(large.count / 8) | 1 << 31)
                large += bigEndian(UInt32(entry.offset >> 32)) + bigEndian(UInt32(truncatingIfNeeded: entry.offset))
            }
        }
        index += large + packTrailer
        var message = MessageDigest(.sha1)
        message.update(index)
        index += ObjectID(hex: message.finish())?.bytes ?? []
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o444)
        guard file >= 0 else { throw failure("make '\(path)'") }
        defer { close(file) }
        try write(index, file)
        guard fsync(file) == 0 else { throw failure("sync '\(path)'") }
    }

    private func append(_ bytes: [UInt8]) throws(GitError) {
        pending += bytes
        offset += bytes.count
        if pending.count >= Self.flushSize { try flush() }
    }

    private func flush() throws(GitError) {
        digest.update(pending)
        try write(pending, descriptor)
        pending.removeAll(keepingCapacity: true)
    }

    private func write(_ bytes: [UInt8], _ file: Int32) throws(GitError) {
        var at = 0
        while at < bytes.count {
            let written = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress! + at, $0.count - at) }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw failure("write a pack") }
            at += written
        }
    }

    private func failure(_ operation: String) -> GitError { Self.failure(operation, directory, errno) }

    private static func failure(_ operation: String, _ directory: String, _ number: Int32) -> GitError {
        GitError(
            kind: number == ENOSPC || number == EDQUOT ? .noSpace : .system(number), operation: operation,
            detail: String(cString: strerror(number)), repository: directory)
    }
}

private func bigEndian(_ value: UInt32) -> [UInt8] {
    [
        UInt8(truncatingIfNeeded: value >> 24), UInt8(truncatingIfNeeded: value >> 16),
        UInt8(truncatingIfNeeded: value >> 8), UInt8(truncatingIfNeeded: value),
    ]
}

extension ObjectType {
    fileprivate var packNumber: UInt8 {
        switch self {
        case .commit: 1
        case .tree: 2
        case .blob: 3
        case .tag: 4
        }
    }
}
