public import Core
internal import Glibc

/// Large files by the digest of their contents, beside the history that people clone: layers, sources.
public struct ObjectDirectory: Sendable {
    private let directory: String

    init(directory: String) {
        self.directory = directory
    }

    /// Where the file called `digest` lies, whether or not it is there.
    public func path(of digest: Digest) -> String { "\(directory)/\(digest.shard)/\(digest.hex)" }

    /// Whether the file is there.
    public func contains(_ digest: Digest) -> Bool { status(of: path(of: digest)) != nil }

    /// Stores `bytes`, durably.
    @discardableResult
    public func put(_ bytes: [UInt8]) throws -> Digest {
        let digest = Digest(of: bytes)
        if contains(digest) { return digest }
        try makeDirectory("\(directory)/\(digest.shard)")
        try replace(path(of: digest), with: bytes)
        return digest
    }

    /// Stores the file at `source`, durably: moves it where it lies on the same file system, copies it otherwise.
    ///
    /// - Returns: the digest of its contents.
    @discardableResult
    public func put(moving source: String) throws -> Digest {
        let digest = try Self.digest(ofFile: source)
        if contains(digest) {
            unlink(source)
            return digest
        }
        try makeDirectory("\(directory)/\(digest.shard)")
        let file = try File(source, O_RDONLY)
        try file.synchronize()
        if rename(source, path(of: digest)) == 0 {
            try synchronizeDirectory(of: path(of: digest))
        } else if errno == EXDEV {
            try copy(file, to: path(of: digest))
            unlink(source)
        } else {
            throw StoreError.system("move", source, errno)
        }
        return digest
    }

    /// The contents of a small file; nil where it is not there.
    ///
    /// - Throws: `StoreError` of kind `corrupted` where they do not have that digest.
    public func bytes(of digest: Digest) throws -> [UInt8]? {
        guard let bytes = try fileContents(path(of: digest)) else { return nil }
        guard Digest(of: bytes) == digest else {
            throw StoreError(
                .corrupted, "store: object \(digest) is damaged", hint: "`ci store verify --repair` drops it")
        }
        return bytes
    }

    /// Drops a file, if it is there.
    public func remove(_ digest: Digest) throws {
        guard unlink(path(of: digest)) == 0 || errno == ENOENT else {
            throw StoreError.system("remove", path(of: digest), errno)
        }
    }

    /// Every file, its size in bytes, and when it was stored (seconds since 1970).
    public func list() -> [(digest: Digest, size: Int, stored: Int)] {
        files(below: directory).compactMap { path in
            let name = String(path.split(separator: "/").last ?? "")
            guard let digest = Digest(hex: name), let status = status(of: path) else { return nil }
            return (digest, status.size, status.modified)
        }
    }

    /// The digest of a file, read in pieces.
    static func digest(ofFile path: String) throws -> Digest {
        let file = try File(path, O_RDONLY)
        var message = MessageDigest(.sha256)
        var offset = 0
        while true {
            let piece = try file.read(1 << 20, at: offset)
            if piece.isEmpty { break }
            message.update(piece)
            offset += piece.count
        }
        return Digest(message)
    }

    private func copy(_ source: borrowing File, to path: String) throws {
        let aside = "\(path).\(getpid()).tmp"
        let target = try File(aside, O_WRONLY | O_CREAT | O_TRUNC)
        var offset = 0
        while true {
            let piece = try source.read(1 << 20, at: offset)
            if piece.isEmpty { break }
            try target.write(piece, at: offset)
            offset += piece.count
        }
        try target.synchronize()
        guard rename(aside, path) == 0 else { throw StoreError.system("store", path, errno) }
        try synchronizeDirectory(of: path)
    }
}

extension Store {
    /// Large files by digest.
    public var objects: ObjectDirectory { ObjectDirectory(directory: layout.objects) }
}
