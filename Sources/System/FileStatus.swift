internal import Glibc

/// What the file system says about a file.
package struct FileStatus: Hashable, Sendable {
    /// The type of a file.
    package enum Kind: Hashable, Sendable {
        case file, directory, symbolicLink, other
    }

    /// What is at the path.
    package var kind: Kind
    /// In bytes.
    package var size: Int
    /// Seconds since 1970.
    package var modified: Int
    /// Seconds since 1970, of the last change of the file or its status, which cannot be set.
    package var changed: Int
    /// Number of names.
    package var links: Int
    /// Identifies the file, together with `device`, as long as it exists.
    package var inode: UInt64
    /// The device that holds it.
    package var device: UInt64

    /// Whether it is a directory.
    package var isDirectory: Bool { kind == .directory }
    /// Whether it is a regular file.
    package var isFile: Bool { kind == .file }

    /// - Parameter path: a symbolic link is described itself unless `followingLinks`.
    /// - Returns: nil if there is no such file, or it cannot be reached.
    package init?(_ path: String, followingLinks: Bool = false) {
        var status = stat()
        guard (followingLinks ? stat(path, &status) : lstat(path, &status)) == 0 else { return nil }
        self.init(status)
    }

    /// The status of an open file; nil if it is unknown.
    package init?(of descriptor: Int32) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return nil }
        self.init(status)
    }

    private init(_ status: stat) {
        kind =
            switch status.st_mode & mode_t(S_IFMT) {
            case mode_t(S_IFREG): .file
            case mode_t(S_IFDIR): .directory
            case mode_t(S_IFLNK): .symbolicLink
            default: .other
            }
        size = Int(status.st_size)
        modified = status.st_mtim.tv_sec
        changed = status.st_ctim.tv_sec
        links = Int(status.st_nlink)
        inode = UInt64(status.st_ino)
        device = UInt64(status.st_dev)
    }
}
