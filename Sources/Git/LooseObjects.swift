internal import Core
internal import Glibc
internal import System

extension ObjectID {
    /// The id of the object with these contents.
    package init(hashing type: ObjectType, _ bytes: [UInt8]) {
        var digest = MessageDigest(.sha1)
        digest.update(Array("\(type.rawValue) \(bytes.count)\0".utf8))
        digest.update(bytes)
        self = digest.finishBytes().withUnsafeBytes { ObjectID(at: $0.baseAddress!) }
    }
}

/// Writes loose objects with known ids, without checking whether they exist and without syncing.
///
/// libgit2 searches every pack before it writes, and syncs either each file or none; a store that makes its commits
/// durable by a journal needs neither. An existing object is replaced by the same bytes, which renews its modification
/// time, so that a concurrent garbage collection does not remove it.
package final class LooseObjects {
    /// The `objects` directory of a repository.
    package let directory: String
    private static let storedLimit = 16 << 10
    private let fast = Deflater(level: 1)
    private var count = 0
    private let prefix: String

    package init(directory: String) {
        self.directory = directory
        prefix = "tmp_obj_\(getpid())_\(UInt32.random(in: 0...UInt32.max))_"
    }

    /// Stores an object under its id.
    ///
    /// Small directories are stored without compression: hashes do not compress, and repacking compresses them later.
    package func write(_ id: ObjectID, _ type: ObjectType, _ bytes: [UInt8]) throws(GitError) {
        let object = Array("\(type.rawValue) \(bytes.count)\0".utf8) + bytes
        let contents = type == .tree && bytes.count < Self.storedLimit ? stored(object) : fast.deflate(object)
        let hex = id.hex
        let fanOut = "\(directory)/\(hex.prefix(2))"
        count += 1
        let temporary = "\(fanOut)/\(prefix)\(count)"
        do throws(SystemError) {
            try Files.creating(temporary, O_WRONLY | O_EXCL, mode: 0o444).write(contents)
            try Files.rename(temporary, "\(fanOut)/\(hex.dropFirst(2))")
        } catch {
            unlink(temporary)
            throw .system("write object \(hex)", directory, error.code)
        }
    }
}

extension LooseObjects {
    /// The directories of loose objects in `directory`, the `objects` directory of a repository, by the first byte of
    /// the objects' ids.
    static func fanOutDirectories(in directory: String) -> Set<UInt8> {
        Set(names(in: directory).lazy.filter { $0.utf8.count == 2 }.compactMap { UInt8($0, radix: 16) })
    }

    /// Reads a loose object in `directory`, the `objects` directory of a repository; nil if it does not exist.
    ///
    /// libgit2 1.5 hangs on a truncated loose object; this detects one.
    /// - Throws: `GitError` of kind `corrupted`.
    package static func read(_ id: ObjectID, in directory: String) throws(GitError) -> (
        type: ObjectType, bytes: ArraySlice<UInt8>
    )? {
        let hex = id.hex
        let path = "\(directory)/\(hex.prefix(2))/\(hex.dropFirst(2))"
        guard let compressed = System.bytes(of: path) else { return nil }
        guard let contents = inflate(compressed), let end = contents.firstIndex(of: 0) else {
            throw damaged(id, path, "it is truncated or damaged")
        }
        let words = String(decoding: contents[..<end], as: UTF8.self).split(separator: " ")
        guard words.count == 2, let type = ObjectType(rawValue: String(words[0])),
            Int(words[1]) == contents.count - end - 1
        else { throw damaged(id, path, "its header does not match its contents") }
        return (type, contents[(end + 1)...])
    }

    private static func damaged(_ id: ObjectID, _ path: String, _ detail: String) -> GitError {
        GitError(kind: .corrupted, operation: "read object \(id)", detail: "\(detail): '\(path)'", repository: path)
    }
}
