internal import Glibc

/// Identifies a version of a file: while the stamp is unchanged, so are the contents, and values computed from them
/// remain valid.
package struct FileStamp: Hashable, Sendable, CustomStringConvertible {
    /// The inode, the size, and the seconds and nanoseconds of the last modification and of the last change, which
    /// cannot be set.
    package let numbers: [UInt64]

    fileprivate init(_ status: stat) {
        let (modified, changed) = (status.st_mtim, status.st_ctim)
        numbers = [
            UInt64(status.st_ino), UInt64(status.st_size),
            UInt64(bitPattern: Int64(modified.tv_sec)), UInt64(modified.tv_nsec),
            UInt64(bitPattern: Int64(changed.tv_sec)), UInt64(changed.tv_nsec),
        ]
    }

    /// Recreates a stamp from its numbers.
    package init(numbers: [UInt64]) {
        self.numbers = numbers
    }

    package var description: String { numbers.map(String.init).joined(separator: ".") }
}

extension FileSystem {
    /// The stamp of a file.
    ///
    /// - Parameter path: a symbolic link is followed only if `followingLinks`.
    package static func stamp(of path: UnsafePointer<CChar>, followingLinks: Bool = true) throws(Problem) -> FileStamp {
        var status = stat()
        guard (followingLinks ? stat(path, &status) : lstat(path, &status)) == 0 else {
            throw Problem(.last("read", String(cString: path)))
        }
        return FileStamp(status)
    }
}
