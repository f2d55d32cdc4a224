internal import Core
internal import Glibc

extension ObjectID {
    /// The name of the object with these contents.
    package init(hashing type: ObjectType, _ bytes: [UInt8]) {
        var digest = MessageDigest(.sha1)
        digest.update(Array("\(type.rawValue) \(bytes.count)\0".utf8))
        digest.update(bytes)
        self = digest.finishBytes().withUnsafeBytes { ObjectID(at: $0.baseAddress!) }
    }
}

/// Writes loose objects whose names are known, without looking whether they are there and without syncing.
///
/// libgit2 looks into every pack before it writes, and syncs each file or none; a store that makes its commits durable
/// by a journal needs neither. An object that is there already is replaced by the same bytes, which renews its age, so
/// that no concurrent pruning takes it.
package final class LooseObjects {
    /// The `objects` folder of a repository.
    package let directory: String
    private static let storedLimit = 16 << 10
    private let fast = Deflater(level: 1)
    private let stored = Deflater(level: 0)
    private var count = 0
    private let prefix: String

    package init(directory: String) {
        self.directory = directory
        prefix = "tmp_obj_\(getpid())_\(UInt32.random(in: 0...UInt32.max))_"
    }

    /// Stores an object under `id`, which must be its name.
    ///
    /// Small directories are stored without compression: hashes do not compress, and repacking takes care of them.
    package func write(_ id: ObjectID, _ type: ObjectType, _ bytes: [UInt8]) throws(GitError) {
        let deflater = type == .tree && bytes.count < Self.storedLimit ? stored : fast
        let contents = deflater.deflate(Array("\(type.rawValue) \(bytes.count)\0".utf8) + bytes)
        let hex = id.hex
        let folder = "\(directory)/\(hex.prefix(2))"
        count += 1
        let temporary = "\(folder)/\(prefix)\(count)"
        var descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o444)
        if descriptor < 0, errno == ENOENT {
            mkdir(folder, 0o777)
            descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o444)
        }
        guard descriptor >= 0 else { throw failure("make '\(temporary)'") }
        let written = contents.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        let problem = written == contents.count ? 0 : (written < 0 ? errno : ENOSPC)
        close(descriptor)
        guard problem == 0, rename(temporary, "\(folder)/\(hex.dropFirst(2))") == 0 else {
            let number = problem == 0 ? errno : problem
            unlink(temporary)
            throw failure("write object \(hex)", number)
        }
    }

    private func failure(_ operation: String, _ number: Int32 = errno) -> GitError {
        .system(operation, directory, number)
    }
}

extension LooseObjects {
    /// Reads a loose object of the `objects` folder `directory`; nil where there is none.
    ///
    /// libgit2 1.5 does not come back from a loose object that is cut short; this tells.
    /// - Throws: `GitError` of kind `corrupted`.
    package static func read(_ id: ObjectID, in directory: String) throws(GitError) -> (
        type: ObjectType, bytes: ArraySlice<UInt8>
    )? {
        let hex = id.hex
        let path = "\(directory)/\(hex.prefix(2))/\(hex.dropFirst(2))"
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        fstat(descriptor, &status)
        let size = Int(status.st_size)
        let compressed = [UInt8](unsafeUninitializedCapacity: max(1, size)) { buffer, count in
            count = max(0, Glibc.read(descriptor, buffer.baseAddress, size))
        }
        guard let contents = inflate(compressed), let end = contents.firstIndex(of: 0) else {
            throw damaged(id, path, "it is cut short or damaged")
        }
        let words = String(decoding: contents[..<end], as: UTF8.self).split(separator: " ")
        guard words.count == 2, let type = ObjectType(rawValue: String(words[0])),
            Int(words[1]) == contents.count - end - 1
        else { throw damaged(id, path, "its header does not fit its contents") }
        return (type, contents[(end + 1)...])
    }

    private static func damaged(_ id: ObjectID, _ path: String, _ detail: String) -> GitError {
        GitError(kind: .corrupted, operation: "read object \(id)", detail: "\(detail): '\(path)'", repository: path)
    }
}
