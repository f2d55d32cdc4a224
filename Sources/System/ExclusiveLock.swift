internal import Glibc

/// A right that one task of one process holds at a time, named by a file.
///
/// It ends with this object, or with the process, however that ends: nothing is left to clean up. The empty file stays.
public final class ExclusiveLock: Sendable {
    private let file: OpenFile<SystemError>

    private init(_ file: consuming OpenFile<SystemError>) {
        self.file = file
    }

    deinit { file.unlock() }

    /// Waits until the lock is free. The kernel wakes the waiter: nothing is polled, and no thread of the
    /// cooperative pool is held.
    ///
    /// - Throws: `CancellationError` as soon as the task is cancelled, `SystemError` when the file cannot be made.
    public static func acquire(_ path: String) async throws -> ExclusiveLock {
        try Task.checkCancellation()
        if let lock = try attempt(path) { return lock }
        return try await BlockingWork.runUntilCancelled {
            let file = try open(path)
            try file.waitForLock()
            return ExclusiveLock(file)
        }
    }

    /// The lock, or nil when someone has it. Makes the file and its directory.
    public static func attempt(_ path: String) throws(SystemError) -> ExclusiveLock? {
        let file = try open(path)
        return try file.tryLock() ? ExclusiveLock(file) : nil
    }

    private static func open(_ path: String) throws(SystemError) -> OpenFile<SystemError> {
        if let parent = parentDirectory(of: path) { try FileSystem<SystemError>.makeDirectories(parent) }
        return try OpenFile(path, O_RDWR | O_CREAT, mode: 0o644)
    }
}
