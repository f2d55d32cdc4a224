internal import Glibc

/// The status of a file (stat).
package struct FileStatus: Hashable, Sendable {
    /// The type of a file.
    package enum Kind: Hashable, Sendable {
        case file, directory, symbolicLink, other
    }

    /// The type of the file.
    package var kind: Kind
    /// The size in bytes.
    package var size: Int
    /// When the contents were modified, in seconds since 1970.
    package var modified: Int
    /// When the file or its status was changed, in seconds since 1970; this time cannot be set.
    package var changed: Int
    /// The number of hard links.
    package var links: Int
    /// With `device`, identifies the file for its lifetime.
    package var inode: UInt64
    /// The device that contains the file.
    package var device: UInt64

    /// Whether it is a directory.
    package var isDirectory: Bool { kind == .directory }
    /// Whether it is a regular file.
    package var isFile: Bool { kind == .file }

    /// - Parameter path: a symbolic link is followed only if `followingLinks`.
    /// - Returns: nil if the file does not exist or cannot be reached.
    package init?(_ path: String, followingLinks: Bool = false) {
        var status = stat()
        guard (followingLinks ? stat(path, &status) : lstat(path, &status)) == 0 else { return nil }
        self.init(status)
    }

    /// The status of an open file; nil on failure.
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
