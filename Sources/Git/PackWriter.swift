internal import Core
internal import Dispatch
internal import Glibc
internal import Synchronization
internal import System

/// Writes many objects as one pack with an index: two files instead of thousands.
///
/// The pack becomes visible in the repository only by `finish`. The formats are those of git's `gitformat-pack` manual,
/// pack version 2 and index version 2.
package final class PackWriter {
    /// Options for finishing a pack.
    package struct Finish {
        /// Whether the pack is on disk when `finish` returns.
        package var isDurable: Bool
        /// Protects the pack from stock git until its `.keep` file is removed.
        package var keep: Keep?

        package init(isDurable: Bool = true, keep: Keep? = nil) {
            self.isDurable = isDurable
            self.keep = keep
        }
    }

    /// The contents of a `.keep` file.
    package struct Keep: Sendable {
        /// The path of a file with these contents, which is linked under the new name: cheaper than creating a file.
        package var file: String
        /// The contents.
        package var text: String

        package init(file: String, text: String) {
            self.file = file
            self.text = text
        }
    }

    /// A file that is being written under a temporary name.
    private struct Draft {
        let descriptor: Int32
        let path: String
        /// The size of the recycled file's old contents in bytes.
        var oldSize = 0
    }

    /// The compression of objects.
    package enum Compression {
        /// None: for contents that consist of hashes or are soon repacked.
        case none
        case fast, small
    }

    /// Compressors by compression level, created on demand. Creating one costs more than compressing a small object, so
    /// they should be shared between packs. Used by one thread at a time.
    package final class Deflaters {
        private lazy var fast = Deflater(level: 1, memory: 5)
        private lazy var small = Deflater(level: 6)
        /// Like `small`, for objects so small that most of the time would be spent on clearing memory.
        private lazy var brief = Deflater(level: 6, memory: 5)
        private static let briefLimit = 2 << 10

        package init() {}

        /// `header`, followed by `bytes` in compressed form.
        fileprivate func entry(_ header: [UInt8], _ bytes: [UInt8], _ compression: Compression) -> [UInt8] {
            switch compression {
            case .none: stored(bytes, after: header)
            case .fast: fast.deflate(bytes, after: header)
            case .small: (bytes.count <= Self.briefLimit ? brief : small).deflate(bytes, after: header)
            }
        }
    }

    private static let flushSize = 1 << 20
    private let directory: String
    private let spares: RecycledFiles?
    private let isRepack: Bool
    /// The file, opened when the first bytes are written.
    private var draft: Draft?
    private let deflaters: Deflaters
    private var digest = MessageDigest(.sha1)
    private var pending: [UInt8] = []
    private var offset = 0
    private let expectedCount: Int
    private var entries: [PackIndex.Entry] = []
    private var known: [ObjectID: Int] = [:]
    private var isFinished = false

    /// The beginning of the names of unfinished files of repacking. Git ignores such files, and prunes them.
    package static let unfinishedRepack = "tmp_repack_"

    /// Starts a pack of exactly `count` distinct objects in `directory`, the `objects` directory of a repository.
    ///
    /// - Parameters:
    ///   - isRepack: whether the objects are already in other packs. Only one process at a time repacks, so all
    ///     unfinished files of repacking that it finds are leftovers.
    ///   - spares: provides files to recycle.
    package init(
        objects directory: String, count: Int, isRepack: Bool = false, spares: RecycledFiles? = nil,
        deflaters: Deflaters = Deflaters()
    ) throws(GitError) {
        self.directory = directory
        self.isRepack = isRepack
        self.deflaters = deflaters
        self.spares = spares
        expectedCount = count
        entries.reserveCapacity(count)
        known.reserveCapacity(count)
        try append(Array("PACK".utf8) + bigEndian(2) + bigEndian(UInt32(count)))
    }

    deinit {
        guard let draft else { return }
        close(draft.descriptor)
        if !isFinished { unlink(draft.path) }
    }

    /// - Parameter size: the number of bytes to write; nil if it is not known yet.
    private func draft(_ kind: RecycledFiles.Kind, size: Int?) throws(GitError) -> Draft {
        if let size, let spare = spares?.take(kind, size: size) {
            return Draft(descriptor: spare.descriptor, path: spare.path, oldSize: spare.size)
        }
        let prefix = isRepack ? Self.unfinishedRepack : "tmp_"
        let path = "\(directory)/pack/\(prefix)\(kind.rawValue)_\(getpid())_\(UInt32.random(in: 0...UInt32.max))"
        let descriptor = try inRepository(directory) { () throws(SystemError) in
            try Files.creating(path, O_WRONLY | O_EXCL, mode: 0o444).relinquish()
        }
        return Draft(descriptor: descriptor, path: path)
    }

    /// Adds an object with its id, unless it has been added.
    package func add(
        _ id: ObjectID, _ type: ObjectType, _ bytes: [UInt8], compression: Compression = .fast
    ) throws(GitError) {
        try add(id, Self.header(type.packNumber, bytes.count), bytes, compression)
    }

    /// An object to add.
    package struct Object: Sendable {
        let id: ObjectID
        let type: ObjectType
        let bytes: [UInt8]
        let compression: Compression

        package init(_ id: ObjectID, _ type: ObjectType, _ bytes: [UInt8], compression: Compression = .fast) {
            self.id = id
            self.type = type
            self.bytes = bytes
            self.compression = compression
        }
    }

    /// Adds objects in order; large numbers of them are compressed on all processors.
    package func add(_ objects: [Object]) throws(GitError) {
        if objects.count <= Self.objectsPerThread {
            for object in objects {
                try add(object.id, object.type, object.bytes, compression: object.compression)
            }
            return
        }
        for part in objects.chunks(ofCount: Self.batch) {
            for (id, contents, checksum) in Self.compressed(part) {
                try add(copy: id, contents, checksum: checksum)
            }
        }
    }

    /// The number of objects that are held in memory uncompressed and compressed at the same time.
    private static let batch = 8192
    /// The smallest number of objects for a separate thread: for fewer, starting it takes longer.
    private static let objectsPerThread = 256

    private static func compressed(
        _ objects: ArraySlice<Object>
    ) -> [(id: ObjectID, contents: [UInt8], checksum: UInt32)] {
        let parts = objects.chunks(ofCount: objectsPerThread)
        let shares = Mutex<[[(id: ObjectID, contents: [UInt8], checksum: UInt32)]]>(
            Array(repeating: [], count: parts.count))
        DispatchQueue.concurrentPerform(iterations: parts.count) { number in
            let deflaters = Deflaters()
            let part = parts[number].map { object in
                let contents = deflaters.entry(
                    header(object.type.packNumber, object.bytes.count), object.bytes, object.compression)
                return (object.id, contents, crc32(contents))
            }
            shares.withLock { $0[number] = part }
        }
        return shares.withLock { $0.flatMap(\.self) }
    }

    /// Adds an object as a delta against `base`, which must have been added, unless the object itself has been added.
    package func add(
        _ id: ObjectID, delta: [UInt8], base: ObjectID, compression: Compression = .small
    ) throws(GitError) {
        guard let start = known[base] else { preconditionFailure("the base of a delta comes first") }
        try add(id, Self.header(6, delta.count) + Self.distance(offset - start), delta, compression)
    }

    /// Copies an entry of another pack including its header. It must not be a delta.
    func add(copy id: ObjectID, _ contents: [UInt8], checksum: UInt32) throws(GitError) {
        guard known[id] == nil else { return }
        known[id] = offset
        entries.append(PackIndex.Entry(id: id, offset: offset, checksum: checksum))
        try append(contents)
    }

    /// Copies a delta entry of another pack.
    ///
    /// - Parameters:
    ///   - header: its type and size.
    ///   - base: the base of the delta, which must have been added.
    func add(
        copy id: ObjectID, header: ArraySlice<UInt8>, base: ObjectID, _ contents: ArraySlice<UInt8>
    ) throws(GitError) {
        guard let start = known[base] else { preconditionFailure("the base of a delta comes first") }
        let entry = header + Self.distance(offset - start) + contents
        try add(copy: id, Array(entry), checksum: crc32(Array(entry)))
    }

    private func add(
        _ id: ObjectID, _ header: [UInt8], _ bytes: [UInt8], _ compression: Compression
    ) throws(GitError) {
        guard known[id] == nil else { return }
        let contents = deflaters.entry(header, bytes, compression)
        try add(copy: id, contents, checksum: crc32(contents))
    }

    /// The first bytes of an entry: its type and the size of its contents.
    private static func header(_ kind: UInt8, _ size: Int) -> [UInt8] {
        var header: [UInt8] = []
        var rest = size >> 4
        var byte = kind << 4 | UInt8(size & 15)
        while rest > 0 {
            header.append(byte | 0x80)
            byte = UInt8(rest & 0x7f)
            rest >>= 7
        }
        header.append(byte)
        return header
    }

    /// The distance to the base of a delta in git's encoding: seven bits per byte, each further byte adding one.
    private static func distance(_ distance: Int) -> [UInt8] {
        var bytes = [UInt8(distance & 0x7f)]
        var rest = distance >> 7
        while rest > 0 {
            rest -= 1
            bytes.append(UInt8(rest & 0x7f) | 0x80)
            rest >>= 7
        }
        return bytes.reversed()
    }

    /// Whether the object has been added.
    func contains(_ id: ObjectID) -> Bool { known[id] != nil }

    /// Completes the pack and its index and makes them visible.
    ///
    /// - Parameter beforeIndex: called when the pack exists and its index, which makes it visible, does not.
    /// - Returns: the path of the pack without extension.
    @discardableResult
    package func finish(_ finish: Finish = Finish(), beforeIndex: () throws -> Void = {}) throws -> String {
        precondition(entries.count == expectedCount, "a pack of \(expectedCount) objects got \(entries.count)")
        digest.update(pending)
        var finished = MessageDigest(.sha1)
        swap(&finished, &digest)
        let trailer = finished.finishBytes()
        pending += trailer
        let size = offset + trailer.count
        let draft = try draft(size: size)
        try write(pending, draft.descriptor)
        pending = []
        try complete(draft, size: size, isDurable: finish.isDurable)
        entries.sort { $0.id < $1.id }
        let base = "\(directory)/pack/pack-\(hexadecimal(trailer))"
        let index = try writeIndex(PackIndex.bytes(of: entries, packTrailer: trailer), isDurable: finish.isDurable)
        do {
            if let keep = finish.keep { try protect(base, keep) }
            try rename(draft.path, to: "\(base).pack")
            isFinished = true
            try beforeIndex()
            try rename(index, to: "\(base).idx")
        } catch {
            unlink(index)
            if status(of: "\(base).idx") == nil {
                unlink("\(base).keep")
                unlink("\(base).pack")
            }
            throw error
        }
        if finish.isDurable {
            try inRepository(directory) { () throws(SystemError) in try Files.synchronizeDirectory(of: base) }
        }
        return base
    }

    private func status(of path: String) -> stat? {
        var status = stat()
        return stat(path, &status) == 0 ? status : nil
    }

    /// Writes the index to a temporary file and returns its path.
    private func writeIndex(_ bytes: [UInt8], isDurable: Bool) throws(GitError) -> String {
        let draft = try draft(.index, size: bytes.count)
        defer { close(draft.descriptor) }
        do throws(GitError) {
            try write(bytes, draft.descriptor)
            try complete(draft, size: bytes.count, isDurable: isDurable)
        } catch {
            unlink(draft.path)
            throw error
        }
        return draft.path
    }

    /// Truncates a recycled file to its new contents, and syncs it if requested.
    private func complete(_ draft: Draft, size: Int, isDurable: Bool) throws(GitError) {
        if draft.oldSize > size, ftruncate(draft.descriptor, off_t(size)) != 0 {
            throw failure("truncate '\(draft.path)'")
        }
        if isDurable, fsync(draft.descriptor) != 0 { throw failure("sync '\(draft.path)'") }
    }

    private func rename(_ draft: String, to path: String) throws(GitError) {
        try inRepository(directory) { () throws(SystemError) in try Files.rename(draft, path) }
    }

    /// Creates a `.keep` file.
    private func protect(_ base: String, _ keep: Keep) throws(GitError) {
        if link(keep.file, "\(base).keep") == 0 { return }
        // If the file does not exist yet, or the file system does not support hard links.
        try inRepository(directory) { () throws(SystemError) in
            try Files.File("\(base).keep", O_WRONLY | O_CREAT | O_TRUNC, mode: 0o444).write(Array(keep.text.utf8))
        }
    }

    private func append(_ bytes: [UInt8]) throws(GitError) {
        pending += bytes
        offset += bytes.count
        if pending.count >= Self.flushSize { try flush() }
    }

    private func flush() throws(GitError) {
        digest.update(pending)
        try write(pending, draft(size: nil).descriptor)
        pending.removeAll(keepingCapacity: true)
    }

    /// The file of the pack.
    ///
    /// - Parameter size: the size of the whole pack if known.
    private func draft(size: Int?) throws(GitError) -> Draft {
        if let draft { return draft }
        let new = try draft(.pack, size: size)
        draft = new
        return new
    }

    private func write(_ bytes: [UInt8], _ file: Int32) throws(GitError) {
        try inRepository(directory) { () throws(SystemError) in try writeAll(bytes, to: file, "a pack") }
    }

    private func failure(_ operation: String) -> GitError { Self.failure(operation, directory, errno) }

    private static func failure(_ operation: String, _ directory: String, _ number: Int32) -> GitError {
        .system(operation, directory, number)
    }
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
