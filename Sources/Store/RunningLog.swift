public import Core
internal import Glibc

/// The log of a job that runs, a file that grows. Others may read it meanwhile.
///
/// Its writer holds the file's lock until it has ended the log, so that what a killed process left is known.
public final class RunningLog: Sendable {
    /// Where to append. The file is there, and empty.
    public let path: String
    private let directory: LogDirectory
    private let descriptor: Int32

    /// Makes the file, and locks it.
    init(path: String, in directory: LogDirectory) throws(StoreError) {
        self.path = path
        self.directory = directory
        while true {
            let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o666)
            guard file >= 0 else { throw StoreError.system("make", path, errno) }
            // Another process may have taken it for left over before it was locked.
            if Self.lock(file, path) {
                descriptor = file
                return
            }
            close(file)
        }
    }

    deinit { close(descriptor) }

    /// Adds `bytes` at the end.
    public func append(_ bytes: some Collection<UInt8>) throws {
        let array = Array(bytes)
        var done = 0
        while done < array.count {
            let count = array.withUnsafeBytes { write(descriptor, $0.baseAddress! + done, $0.count - done) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw StoreError.system("write", path, count < 0 ? errno : ENOSPC) }
            done += count
        }
    }

    /// Ends the log, durably: from now on it is known by its digest.
    public func seal() throws -> Digest { try directory.seal(path) }

    /// Drops the log.
    public func discard() { unlink(path) }

    /// Removes the file of a log whose writer is gone.
    static func removeLeftOver(_ path: String) {
        let file = open(path, O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        if lock(file, path) { unlink(path) }
        close(file)
    }

    /// Locks an open file that still has the name `path`; false where another process has the lock, or the name.
    private static func lock(_ file: Int32, _ path: String) -> Bool {
        var (held, named) = (stat(), stat())
        return flock(file, LOCK_EX | LOCK_NB) == 0 && fstat(file, &held) == 0 && lstat(path, &named) == 0
            && held.st_ino == named.st_ino && held.st_dev == named.st_dev
    }
}
