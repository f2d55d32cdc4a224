internal import Glibc
internal import Synchronization
internal import System

/// Reads the log of a job while it grows, and to its end where it is sealed or dropped meanwhile.
///
/// The file stays open, so nothing is missed between the last look at the running log and the sealed one.
public final class RunningLogReader: Sendable {
    private let path: String
    private let file: File
    private let offset = Mutex(0)

    init?(_ path: String) throws(StoreError) {
        guard let file = try File.ifPresent(path) else { return nil }
        self.path = path
        self.file = file
    }

    /// Reads at most `limit` bytes written since the last call; empty if there are none yet.
    public func read(limit: Int = 1 << 20) throws -> [UInt8] {
        try offset.withLock { offset in
            let bytes = try file.read(limit, at: offset)
            offset += bytes.count
            return bytes
        }
    }

    /// Whether nothing will be added to the log any more: its writer has ended it, or is gone. What is not read yet still
    /// can be.
    public var hasEnded: Bool {
        guard let opened = file.status, let named = FileStatus(path) else { return true }
        return opened.inode != named.inode || opened.device != named.device
    }

    /// Removes the log from the running ones where its writer died without ending it.
    public func removeIfLeftOver() { RunningLog.removeLeftOver(path) }
}

extension LogDirectory {
    /// Opens a running log to follow it; nil if there is none of that name.
    public func reader(running name: String) throws -> RunningLogReader? {
        try RunningLogReader(path(ofRunning: name))
    }
}
