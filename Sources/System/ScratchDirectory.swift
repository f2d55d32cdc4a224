package import Glibc
internal import Synchronization

/// A temporary directory, for instance for a sandbox or a download, that is removed when its owner ends.
///
/// Its name identifies the process that created it (`PID.START.NUMBER`, the start in the kernel's ticks since boot),
/// and the process holds a lock on it. So directories left by a killed process are recognised, even from another
/// process namespace, and removed by the next process. Large trees are removed in the background: neither a job's
/// result nor the end of the program waits for the removal of hundreds of thousands of files.
///
/// - SeeAlso: `docs/decisions/0131-scratch-directories.md`
public final class ScratchDirectory: Sendable {
    /// The absolute path of the directory.
    public let path: String
    private let lock: Int32
    private static let number = Atomic<Int>(0)
    private static let living = Mutex<Set<String>>([])

    /// Creates a new directory in `parent`, which is created too.
    ///
    /// - Parameters:
    ///   - prefix: the prefix of its name.
    ///   - mode: the mode of the new directory.
    package init<Problem: SystemErrorConvertible>(
        in parent: String, named prefix: String, mode: mode_t, errors: Problem.Type
    ) throws(Problem) {
        try FileSystem<Problem>.makeDirectories(parent, mode: 0o755)
        while true {
            let number = Self.number.add(1, ordering: .relaxed).newValue
            let path = "\(parent)/\(prefix)\(ProcessIdentity.current.name).\(number)"
            try FileSystem<Problem>.makeDirectory(path, mode: mode)
            do throws(Problem) {
                // Another process may have removed it as a leftover before it was locked.
                guard let lock = try Self.lock(path, errors: Problem.self) else { continue }
                self.path = path
                self.lock = lock
            } catch {
                rmdir(path)
                throw error
            }
            _ = Self.living.withLock { $0.insert(path) }
            return
        }
    }

    deinit {
        removeTreeInBackground(path, closing: lock)
        _ = Self.living.withLock { $0.remove(path) }
    }

    /// Removes the directories in `parent` whose processes have ended.
    ///
    /// - Parameter prefix: the prefix of their names.
    /// - Returns: their names.
    @discardableResult
    public static func removeLeftovers(in parent: String, named prefix: String = "") -> [String] {
        names(in: parent).filter { name in
            guard name.hasPrefix(prefix), ProcessIdentity(ownerOf: name)?.isAlive == false,
                let lock = try? lock("\(parent)/\(name)", errors: SystemError.self)
            else { return false }
            removeTreeInBackground("\(parent)/\(name)", closing: lock)
            return true
        }
    }

    /// Removes all directories of this process within `time`, for a program that is ended by a signal.
    public static func removeAll(within time: Duration) {
        let paths = living.withLock { $0 }
        for path in paths { removeTreeInBackground(path, closing: -1, promptly: 0) }
        waitForRemovals(atMost: time)
    }

    /// Locks a directory and returns its descriptor; nil if another process holds the lock, or the directory no longer
    /// exists.
    private static func lock<Problem: SystemErrorConvertible>(
        _ path: String, errors: Problem.Type
    ) throws(Problem) -> Int32? {
        let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW
        guard let directory = try OpenFile<Problem>.ifPresent(path, flags), try directory.tryLockOfName() else {
            return nil
        }
        return directory.relinquish()
    }
}

extension FileSystem {
    /// Creates a directory in `parent`, which is created too, that is removed when its owner ends.
    package static func scratchDirectory(
        in parent: String, named prefix: String = "", mode: mode_t = 0o755
    ) throws(Problem) -> ScratchDirectory {
        try ScratchDirectory(in: parent, named: prefix, mode: mode, errors: Problem.self)
    }
}
