internal import Core
internal import Glibc
internal import System

/// What changes with the contents of a file, so that what was computed from them need not be computed again.
struct FileStamp: Hashable, Sendable, CustomStringConvertible {
    let description: String

    init(of path: String) throws(Failure) {
        var status = stat()
        guard stat(path, &status) == 0 else { throw Failure(.last("read", path)) }
        description = [
            status.st_ino, UInt(status.st_size), UInt(status.st_mtim.tv_sec), UInt(status.st_mtim.tv_nsec),
            UInt(status.st_ctim.tv_sec), UInt(status.st_ctim.tv_nsec),
        ].map(String.init).joined(separator: ".")
    }
}
