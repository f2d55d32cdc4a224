internal import Glibc

/// Marks files whose digests were verified: they have modification time 1, which any write to them changes.
package enum VerifiedFile {
    /// Marks the file at `path`.
    package static func mark(_ path: String) {
        var times = [timespec(tv_sec: 1, tv_nsec: 0), timespec(tv_sec: 1, tv_nsec: 0)]
        utimensat(AT_FDCWD, path, &times, AT_SYMLINK_NOFOLLOW)
    }

    /// Whether `path` is a readable file that was marked and not written since.
    package static func isMarked(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && status.st_mtim.tv_sec == 1
            && status.st_mtim.tv_nsec == 0 && access(path, R_OK) == 0
    }
}
