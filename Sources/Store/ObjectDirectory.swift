public import Core
internal import Git
internal import Glibc
internal import System

/// Content-addressed files, which are not part of the history: layers, sources.
public struct ObjectDirectory: BlobStore {
    private let directory: String
    /// Files of removed objects, for new ones that need not be durable; nil to create and delete each.
    private let spares: RecycledFiles?

    init(directory: String, spares: RecycledFiles? = nil) {
        self.directory = directory
        self.spares = spares
    }

    /// The path of the file with a digest, whether or not it exists.
    public func path(of digest: Digest) -> String { "\(directory)/\(digest.shard)/\(digest.hex)" }

    /// Whether the file exists.
    public func contains(_ digest: Digest) -> Bool { FileStatus(path(of: digest)) != nil }

    /// Stores `bytes` durably.
    @discardableResult
    public func put(_ bytes: [UInt8]) throws -> Digest {
        let digest = Digest(of: bytes)
        if contains(digest) { return digest }
        try Files.makeDirectories("\(directory)/\(digest.shard)")
        try Files.replace(path(of: digest), with: bytes)
        return digest
    }

    public func put(_ bytes: [UInt8], durably: Bool) throws -> Digest {
        let digest = Digest(of: bytes)
        let path = path(of: digest)
        if let status = FileStatus(path) {
            // A power failure or damage may have left other contents.
            if status.isFile, status.size == bytes.count, (try? Files.contents(of: path)) == bytes,
                utimensat(AT_FDCWD, path, nil, 0) == 0
            {
                return digest
            }
            _ = removeTree(path)
        }
        try Files.makeDirectories("\(directory)/\(digest.shard)")
        if durably {
            try Files.replace(path, with: bytes)
        } else if try !recycle(for: bytes, at: path) {
            try Files.replace(path, with: bytes, durability: .none)
        }
        return digest
    }

    /// Writes `bytes` into the file of a removed object and gives it the name `path`; false if there is none.
    ///
    /// - SeeAlso: `docs/decisions/0319-recycled-requests.md`
    private func recycle(for bytes: [UInt8], at path: String) throws(StoreError) -> Bool {
        guard let spare = spares?.take(.object, size: bytes.count) else { return false }
        let file = File(adopting: spare.descriptor, spare.path)
        do throws(StoreError) {
            if spare.size > bytes.count { try file.truncate(to: bytes.count) }
            try file.write(bytes, at: 0)
            try Files.rename(spare.path, path)
        } catch {
            unlink(spare.path)
            throw error
        }
        return true
    }

    /// Stores the file at `source` durably: moves it if it is on the same file system, otherwise copies it.
    ///
    /// - Returns: the digest of its contents.
    @discardableResult
    public func put(moving source: String) throws -> Digest {
        let digest = try Self.digest(ofFile: source)
        if contains(digest) {
            unlink(source)
            return digest
        }
        try Files.makeDirectories("\(directory)/\(digest.shard)")
        let file = try File(source, O_RDONLY)
        try file.synchronize()
        do throws(SystemError) {
            try FileSystem<SystemError>.rename(source, path(of: digest))
        } catch {
            guard error.code == EXDEV else { throw StoreError(error) }
            try copy(file, to: path(of: digest))
            unlink(source)
            return digest
        }
        try Files.synchronizeDirectory(of: path(of: digest))
        return digest
    }

    /// Stores a copy of the file at `source` durably.
    ///
    /// - Returns: the digest of its contents.
    @discardableResult
    public func put(copying source: String) throws -> Digest {
        let file = try File(source, O_RDONLY)
        let digest = try Digest(of: file)
        if contains(digest) { return digest }
        try Files.makeDirectories("\(directory)/\(digest.shard)")
        try copy(file, to: path(of: digest))
        return digest
    }

    /// Reads a small file; nil if it does not exist.
    ///
    /// - Throws: `StoreError` of kind `corrupted` if the content does not match the digest.
    public func bytes(of digest: Digest) throws -> [UInt8]? {
        guard let bytes = try Files.contents(of: path(of: digest)) else { return nil }
        guard Digest(of: bytes) == digest else {
            throw StoreError(
                .corrupted, "store: object \(digest) is damaged", hint: "`ci store verify --repair` drops it")
        }
        return bytes
    }

    public func part(_ range: Range<Int>, of digest: Digest) throws -> [UInt8]? {
        guard let file = try File.ifPresent(path(of: digest), O_RDONLY) else { return nil }
        let range = range.clamped(to: 0..<file.size)
        return try file.read(range.count, at: range.lowerBound)
    }

    /// Removes a file if it exists.
    public func remove(_ digest: Digest) throws {
        let path = path(of: digest)
        if spares?.keep(path, .object) != true { try Files.remove(path) }
    }

    /// Every file with its size in bytes and when it was stored, in seconds since 1970.
    ///
    /// Modification times can be set by the process that stores a file, so the time of the last status change is used.
    public func list() -> [(digest: Digest, size: Int, stored: Int)] {
        files(below: directory).compactMap { path in
            let name = String(path.split(separator: "/").last ?? "")
            guard let digest = Digest(hex: name), let status = FileStatus(path) else { return nil }
            return (digest, status.size, max(status.modified, status.changed))
        }
    }

    /// The digest of a file, which is read in pieces.
    static func digest(ofFile path: String) throws -> Digest {
        try Digest(of: File(path, O_RDONLY))
    }

    private func copy(_ source: borrowing File, to path: String) throws {
        let target = try AtomicFile<StoreError>(replacing: path)
        var offset = 0
        while true {
            let piece = try source.read(1 << 20, at: offset)
            if piece.isEmpty { break }
            try target.file.write(piece, at: offset)
            offset += piece.count
        }
        try target.commit(.contentsAndName)
    }
}

extension Store {
    /// Large files by digest.
    public var objects: ObjectDirectory { ObjectDirectory(directory: layout.objects, spares: spares) }

    /// The store of requests to workers and of the parts of reports that do not fit into their documents.
    public var exchange: any BlobStore {
        options.sharedObjects.map { MirroredBlobs(objects, sharedBy: $0) } ?? objects
    }
}
