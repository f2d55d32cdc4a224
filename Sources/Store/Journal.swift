internal import Git
internal import Glibc
internal import System

/// A change of a branch in the journal, kept until its objects are known to be on disk.
struct JournalRecord: Sendable {
    /// A commit and its changes of the parent's directory.
    struct Step: Sendable {
        var commit: [UInt8]
        var edits: [(path: StorePath, edit: Edit)]
    }

    var reference: String
    var old: ObjectID?
    var new: ObjectID
    /// Empty if the objects are in a pack that is already on disk.
    var steps: [Step]
    var blobs: [[UInt8]]
}

/// A file of fixed size, rewritten cyclically, into which each change is written before it is acknowledged.
///
/// Durability costs one `fdatasync` of preallocated blocks: the objects and references for stock git are written
/// without syncing, and are restored from the journal after a power failure. Records start at multiples of 512 bytes,
/// so that writing one never touches the sector of another.
///
/// - SeeAlso: `docs/decisions/0030-journal.md`
/// - SeeAlso: `docs/decisions/0100-journal-inode.md`
final class Journal {
    static let start = 4096
    static let size = 8 << 20
    static let recordLimit = 1 << 20
    private static let magic: UInt32 = 0x4349_534a
    private static let headerSize = 24
    private static let alignment = 512

    private let file: File
    private let isDurable: Bool

    /// Opens the journal at `path`, or creates one filled with zeros.
    init(path: String, isDurable: Bool) throws(StoreError) {
        self.isDurable = isDurable
        // Its size is not read: a file whose times were read gets new times at the next write, which have to be synced
        // with it.
        if let found = try File.ifPresent(path, O_RDWR) {
            file = found
        } else {
            try Self.make(path)
            file = try File(path, O_RDWR)
        }
    }

    /// Creates a journal filled with zeros whose inode is apart from those of other files of the store.
    ///
    /// With every `fdatasync`, ext4 without a journal writes the block of the file's inode if one of its sixteen inodes
    /// has changed. Files that are created consecutively share such a block.
    private static func make(_ path: String) throws(StoreError) {
        let (near, far) = ("\(path).new", "\(path).new/far")
        let aside = "\(far)/journal"
        func clear() {
            unlink(aside)
            rmdir(far)
            rmdir(near)
        }
        clear()
        defer { clear() }
        try Files.makeDirectories(near)
        Files.spreadSubdirectories(of: near)
        try Files.makeDirectories(far)
        let file = try File(aside, O_RDWR | O_CREAT)
        // Zeros instead of a hole: a later fdatasync has no metadata to write.
        let zeros = [UInt8](repeating: 0, count: 1 << 20)
        for offset in stride(from: 0, to: size, by: zeros.count) { try file.write(zeros, at: offset) }
        try file.synchronize()
        try Files.rename(aside, path)
        try Files.synchronizeDirectory(of: path)
    }

    /// The encoded record; nil if it is too large for the journal.
    static func encode(_ record: JournalRecord, epoch: UInt64) -> [UInt8]? {
        guard record.blobs.reduce(0, { $0 + $1.count }) <= recordLimit else { return nil }
        var payload = ByteWriter()
        payload.add(text: record.reference)
        payload.add(record.old ?? .zero)
        payload.add(record.new)
        payload.add(count: record.steps.count)
        for step in record.steps {
            payload.add(step.commit)
            payload.add(count: step.edits.count)
            for (path, edit) in step.edits {
                payload.add(text: path.description)
                switch edit {
                case .write(let id): payload.add(id)
                case .remove: payload.add(.zero)
                }
            }
        }
        payload.add(count: record.blobs.count)
        for blob in record.blobs { payload.add(blob) }
        guard payload.bytes.count <= recordLimit else { return nil }
        var frame = ByteWriter()
        frame.add(UInt64(magic))
        frame.add(epoch)
        frame.add(count: payload.bytes.count)
        frame.add(count: Int(crc32(payload.bytes)))
        frame.append(payload.bytes)
        return frame.bytes
    }

    /// The end of a record of `count` bytes at `offset`, rounded up.
    static func end(of count: Int, at offset: Int) -> Int {
        (offset + count + alignment - 1) / alignment * alignment
    }

    /// Writes an encoded record, which is on disk after `synchronize`.
    func append(_ bytes: [UInt8], at offset: Int) throws(StoreError) {
        try file.write(bytes, at: offset)
        if isDurable { file.startWriting(bytes.count, at: offset) }
    }

    /// Waits until all records are on disk.
    func synchronize() throws(StoreError) {
        if isDurable { try file.synchronize() }
    }

    /// Invalidates all records: those of another epoch are ignored.
    func begin(epoch: UInt64) throws(StoreError) {
        try file.write(Array("ciso journal 1 \(epoch)\n".utf8), at: 0)
        try cut(at: Self.start)
    }

    /// The epoch set by `begin`; nil in a new journal.
    func epoch() throws(StoreError) -> UInt64? {
        let line = try file.read(64).prefix { $0 != UInt8(ascii: "\n") }
        let words = String(decoding: line, as: UTF8.self).split(separator: " ")
        return words.count == 4 && words.starts(with: ["ciso", "journal", "1"]) ? UInt64(words[3]) : nil
    }

    /// Invalidates the record at `offset` and all after it.
    func cut(at offset: Int) throws(StoreError) { try cut(at: [offset]) }

    /// Invalidates the records at these offsets, so that none of them is valid after a record is written in front of
    /// it.
    func cut(at offsets: [Int]) throws(StoreError) {
        for offset in offsets { try file.write([UInt8](repeating: 0, count: Self.headerSize), at: offset) }
        try synchronize()
    }

    /// All complete records of `epoch` in order, with their positions.
    func records(epoch: UInt64) throws(StoreError) -> [(offset: Int, end: Int, record: JournalRecord)] {
        var found: [(offset: Int, end: Int, record: JournalRecord)] = []
        var offset = Self.start
        while offset + Self.headerSize <= Self.size {
            var header = ByteReader(try file.read(Self.headerSize, at: offset))
            guard header.number() == UInt64(Self.magic), header.number() == epoch, let count = header.count(),
                let checksum = header.count(), count <= Self.recordLimit
            else { break }
            let payload = try file.read(count, at: offset + Self.headerSize)
            guard payload.count == count, Int(crc32(payload)) == checksum, let record = Self.decode(payload) else {
                break
            }
            let end = Self.end(of: count + Self.headerSize, at: offset)
            found.append((offset, end, record))
            offset = end
        }
        return found
    }

    private static func decode(_ payload: [UInt8]) -> JournalRecord? {
        var reader = ByteReader(payload)
        guard let reference = reader.text(), let old = reader.id(), let new = reader.id(), let count = reader.count()
        else { return nil }
        var record = JournalRecord(
            reference: reference, old: old == .zero ? nil : old, new: new, steps: [], blobs: [])
        for _ in 0..<count {
            guard let commit = reader.bytes(), let edits = reader.count() else { return nil }
            var step = JournalRecord.Step(commit: commit, edits: [])
            for _ in 0..<edits {
                guard let text = reader.text(), let path = try? StorePath(text), let id = reader.id() else {
                    return nil
                }
                step.edits.append((path, id == .zero ? .remove : .write(id)))
            }
            record.steps.append(step)
        }
        guard let blobs = reader.count() else { return nil }
        for _ in 0..<blobs {
            guard let blob = reader.bytes() else { return nil }
            record.blobs.append(blob)
        }
        return record
    }
}

/// Appends numbers, ids and byte strings, little-endian.
private struct ByteWriter {
    private(set) var bytes: [UInt8] = []

    mutating func append(_ more: [UInt8]) { bytes += more }
    mutating func add(_ number: UInt64) { withUnsafeBytes(of: number.littleEndian) { bytes += $0 } }
    mutating func add(count: Int) {
        withUnsafeBytes(of: UInt32(truncatingIfNeeded: count).littleEndian) { bytes += $0 }
    }
    mutating func add(_ id: ObjectID) { bytes += id.bytes }

    mutating func add(_ string: [UInt8]) {
        add(count: string.count)
        bytes += string
    }

    mutating func add(text: String) { add(Array(text.utf8)) }
}

/// Reads the output of `ByteWriter`; nil if bytes are missing.
private struct ByteReader {
    private let source: [UInt8]
    private var at = 0

    init(_ source: [UInt8]) { self.source = source }

    private mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
        guard count >= 0, count <= source.count - at else { return nil }
        defer { at += count }
        return source[at..<at + count]
    }

    mutating func number() -> UInt64? { take(8)?.reversed().reduce(0) { $0 << 8 | UInt64($1) } }
    mutating func count() -> Int? { take(4)?.reversed().reduce(0) { $0 << 8 | Int($1) } }
    mutating func id() -> ObjectID? { take(20).flatMap { ObjectID(bytes: $0) } }
    mutating func bytes() -> [UInt8]? { count().flatMap { take($0) }.map(Array.init) }
    mutating func text() -> String? { bytes().map { String(decoding: $0, as: UTF8.self) } }
}
