package import Glibc
internal import Synchronization

/// A directory for one sandbox, one download or the like, which ends with its owner.
///
/// Its name says which process made it (`PID.START.NUMBER`, the start in the kernel's ticks since boot), and the process
/// holds a lock on it. So what a killed process left is known, wherever the process ran, and removed by the next one.
/// Whatever is not removed at once is removed in the background: neither a job's result nor the end of the program waits
/// for hundreds of thousands of files.
///
/// - SeeAlso: `docs/decisions/0131-scratch-directories.md`
public final class ScratchDirectory: Sendable {
    /// The directory's path, absolute.
    public let path: String
    private let lock: Int32
    private static let number = Atomic<Int>(0)
    private static let living = Mutex<Set<String>>([])

    /// Makes a new directory in `parent`, which is made too.
    ///
    /// - Parameters:
    ///   - prefix: what its name begins with.
    ///   - mode: of the directory itself.
    package init<Problem: SystemErrorConvertible>(
        in parent: String, named prefix: String, mode: mode_t, errors: Problem.Type
    ) throws(Problem) {
        try FileSystem<Problem>.makeDirectories(parent, mode: 0o755)
        while true {
            let number = Self.number.add(1, ordering: .relaxed).newValue
            let path = "\(parent)/\(prefix)\(ProcessIdentity.current.name).\(number)"
            try FileSystem<Problem>.makeDirectory(path, mode: mode)
            // Another process may have taken it for a leftover before it was locked.
            guard let lock = Self.lock(path) else { continue }
            self.path = path
            self.lock = lock
            _ = Self.living.withLock { $0.insert(path) }
            return
        }
    }

    deinit {
        removeTreeInBackground(path, closing: lock)
        _ = Self.living.withLock { $0.remove(path) }
    }

    /// Removes the directories in `parent` whose makers are gone.
    ///
    /// - Parameter prefix: what their names begin with.
    /// - Returns: their names.
    @discardableResult
    public static func removeLeftovers(in parent: String, named prefix: String = "") -> [String] {
        names(in: parent).filter { name in
            guard name.hasPrefix(prefix), ProcessIdentity(ownerOf: name)?.isAlive == false,
                let lock = lock("\(parent)/\(name)")
            else { return false }
            removeTreeInBackground("\(parent)/\(name)", closing: lock)
            return true
        }
    }

    /// Removes all directories of this process, for at most so long; for a program that a signal ends.
    public static func removeAll(within time: Duration) {
        let paths = living.withLock { $0 }
        for path in paths { removeTreeInBackground(path, closing: -1, promptly: 0) }
        waitForRemovals(atMost: time)
    }

    /// A descriptor with the lock on a directory; nil if another process has it, or it is not there any more.
    private static func lock(_ path: String) -> Int32? {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        let directory = OpenFile<SystemError>(adopting: descriptor, path)
        guard let isLocked = try? directory.tryLockOfName(), isLocked else { return nil }
        return directory.relinquish()
    }
}

extension FileSystem {
    /// Makes a directory in `parent`, which is made too, that ends with its owner.
    package static func scratchDirectory(
        in parent: String, named prefix: String = "", mode: mode_t = 0o755
    ) throws(Problem) -> ScratchDirectory {
        try ScratchDirectory(in: parent, named: prefix, mode: mode, errors: Problem.self)
    }
}
