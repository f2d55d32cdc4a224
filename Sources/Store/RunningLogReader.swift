internal import Glibc
internal import Synchronization
internal import System

/// Reads a running log to its end, even if it is sealed or discarded in the meantime.
///
/// The file stays open, so nothing is missed between the last read of the running log and its sealing.
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

    /// Whether nothing will be appended any more: its writer has sealed it or is dead. The rest can still be read.
    public var hasEnded: Bool {
        guard let opened = file.status, let named = FileStatus(path) else { return true }
        return opened.inode != named.inode || opened.device != named.device
    }

    /// Removes the log from the running ones if its writer died without sealing it.
    public func removeIfLeftOver() { RunningLog.removeLeftOver(path) }
}

extension LogDirectory {
    /// Opens a running log to follow it; nil if there is no such log.
    public func reader(running name: String) throws -> RunningLogReader? {
        try RunningLogReader(path(ofRunning: name))
    }
}
