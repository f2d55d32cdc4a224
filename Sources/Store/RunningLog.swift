public import Core
internal import Glibc
internal import System

/// The log of a running job, a growing file that others may read.
///
/// Its writer holds the file's lock until the log is sealed or discarded, so that logs of killed processes are
/// recognised.
public final class RunningLog: Sendable {
    /// The path of the file to append to, which exists and is initially empty.
    public let path: String
    private let directory: LogDirectory
    private let file: File

    /// Creates the file and locks it.
    init(path: String, in directory: LogDirectory) throws(StoreError) {
        self.path = path
        self.directory = directory
        while true {
            let file = try File(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND)
            // Another process that looked for leftovers may hold the lock for a moment, and may have removed the file.
            if try file.waitForLockOfName() {
                self.file = file
                return
            }
        }
    }

    /// Appends `bytes`.
    public func append(_ bytes: some Collection<UInt8>) throws { try file.write(Array(bytes)) }

    /// Seals the log durably: from now on it is identified by its digest.
    public func seal() throws -> Digest { try directory.seal(path) }

    /// Discards the log.
    public func discard() { unlink(path) }

    /// Removes the file of a log whose writer is dead.
    static func removeLeftOver(_ path: String) {
        guard let file = try? File(path, O_WRONLY), let isLeft = try? file.tryLockOfName(), isLeft else { return }
        unlink(path)
    }
}
