internal import Core
internal import Glibc

extension ObjectID {
    /// The name of the object with these contents.
    package init(hashing type: ObjectType, _ bytes: [UInt8]) {
        var digest = MessageDigest(.sha1)
        digest.update(Array("\(type.rawValue) \(bytes.count)\0".utf8))
        digest.update(bytes)
        self = ObjectID(hex: digest.finish()) ?? .zero
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
    /// Directories are stored without compression: hashes do not compress, and the next repacking takes care of them.
    package func write(_ id: ObjectID, _ type: ObjectType, _ bytes: [UInt8]) throws(GitError) {
        let deflater = type == .tree ? stored : fast
        let contents = deflater.deflate(Array("\(type.rawValue) \(bytes.count)\0".utf8), bytes)
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
        GitError(
            kind: number == ENOSPC || number == EDQUOT ? .noSpace : .system(number), operation: operation,
            detail: String(cString: strerror(number)), repository: directory)
    }
}
