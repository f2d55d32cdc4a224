public import Core
import Glibc

/// A right that one task of one process has at a time, named by a file.
///
/// It ends with this object, or with the process, however that ends: nothing is left to clean up. The empty file stays.
public final class ExclusiveLock: Sendable {
    private let descriptor: Int32

    private init(_ descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit {
        // A child that another thread has just forked has the file open too, until it runs its program.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    /// Waits until nobody else has the lock.
    ///
    /// - Throws: `CancellationError` when the task is cancelled, `Failure` when the file cannot be made.
    public static func acquire(_ path: String) async throws -> ExclusiveLock {
        var pause = Duration.milliseconds(5)
        while true {
            if let lock = try attempt(path) { return lock }
            try await Task.sleep(for: pause)
            pause = min(pause * 2, .milliseconds(200))
        }
    }

    /// The lock, or nil when somebody has it.
    public static func attempt(_ path: String) throws(Failure) -> ExclusiveLock? {
        if let slash = path.lastIndex(of: "/") { try makeDirectories(String(path[..<slash])) }
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw Failure(.infrastructure, "\(path): cannot be opened: \(String(cString: strerror(errno)))")
        }
        if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return ExclusiveLock(descriptor) }
        close(descriptor)
        return nil
    }
}
