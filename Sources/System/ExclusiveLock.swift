internal import Glibc

/// A lock named by a file, held by at most one task of one process at a time.
///
/// It is released with this object, or when the process ends in any way: nothing needs to be cleaned up. The empty file
/// remains.
public final class ExclusiveLock: Sendable {
    private let file: OpenFile<SystemError>

    private init(_ file: consuming OpenFile<SystemError>) {
        self.file = file
    }

    deinit { file.unlock() }

    /// Waits until the lock is free. The kernel wakes the waiter: there is no polling, and no thread of the cooperative
    /// pool is blocked.
    ///
    /// - Throws: `CancellationError` as soon as the task is cancelled; `SystemError` if the file cannot be created.
    public static func acquire(_ path: String) async throws -> ExclusiveLock {
        try Task.checkCancellation()
        if let lock = try attempt(path) { return lock }
        return try await BlockingWork.runUntilCancelled {
            let file = try open(path)
            try file.waitForLock()
            return ExclusiveLock(file)
        }
    }

    /// The lock, or nil if it is held. Creates the file and its directory.
    public static func attempt(_ path: String) throws(SystemError) -> ExclusiveLock? {
        let file = try open(path)
        return try file.tryLock() ? ExclusiveLock(file) : nil
    }

    private static func open(_ path: String) throws(SystemError) -> OpenFile<SystemError> {
        if let parent = parentDirectory(of: path) { try FileSystem<SystemError>.makeDirectories(parent) }
        return try OpenFile(path, O_RDWR | O_CREAT, mode: 0o644)
    }
}
