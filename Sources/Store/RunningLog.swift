public import Core
internal import Glibc
internal import System

/// The log of a job that runs, a file that grows. Others may read it meanwhile.
///
/// Its writer holds the file's lock until it has ended the log, so that what a killed process left is known.
public final class RunningLog: Sendable {
    /// The path of the file to append to, which exists and is empty.
    public let path: String
    private let directory: LogDirectory
    private let file: File

    /// Makes the file, and locks it.
    init(path: String, in directory: LogDirectory) throws(StoreError) {
        self.path = path
        self.directory = directory
        while true {
            let file = try File(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND)
            // Another process may have taken it for left over before it was locked.
            if try file.tryLockOfName() {
                self.file = file
                return
            }
        }
    }

    /// Adds `bytes` at the end.
    public func append(_ bytes: some Collection<UInt8>) throws { try file.write(Array(bytes)) }

    /// Ends the log, durably: from now on it is known by its digest.
    public func seal() throws -> Digest { try directory.seal(path) }

    /// Drops the log.
    public func discard() { unlink(path) }

    /// Removes the file of a log whose writer is gone.
    static func removeLeftOver(_ path: String) {
        guard let file = try? File(path, O_WRONLY), let isLeft = try? file.tryLockOfName(), isLeft else { return }
        unlink(path)
    }
}
