internal import Glibc

/// Locks of whole files (flock). The kernel releases a lock when the last descriptor of the open file is closed, so
/// nothing needs to be cleaned up when the process ends.
extension OpenFile {
    /// Acquires the exclusive lock unless it is held elsewhere.
    ///
    /// - Returns: false if it is held.
    package func tryLock() throws(Problem) -> Bool {
        if retrying({ flock(descriptor, LOCK_EX | LOCK_NB) }) == 0 { return true }
        guard errno == EWOULDBLOCK else { throw Problem(.last("lock", path)) }
        return false
    }

    /// Acquires the exclusive lock and checks that the file still has the name by which it was opened: a process that
    /// removes unlocked files may have removed it in the meantime.
    ///
    /// - Returns: false if another process holds the lock, or the name no longer refers to this file.
    package func tryLockOfName() throws(Problem) -> Bool {
        try tryLock() && isNamed
    }

    /// Like `tryLockOfName`, but waits until the lock is free. Blocks the thread.
    ///
    /// - Returns: Whether `path` still names this file.
    package func waitForLockOfName() throws(Problem) -> Bool {
        try waitForLock()
        return isNamed
    }

    private var isNamed: Bool {
        guard let held = status, let named = FileStatus(path) else { return false }
        return held.inode == named.inode && held.device == named.device
    }

    /// Waits until the lock is free and acquires it. Blocks the thread.
    package func waitForLock() throws(Problem) {
        guard retrying({ flock(descriptor, LOCK_EX) }) == 0 else { throw Problem(.last("lock", path)) }
    }

    /// Whether another open file holds the exclusive lock.
    package var isLockedElsewhere: Bool {
        guard flock(descriptor, LOCK_SH | LOCK_NB) == 0 else { return true }
        unlock()
        return false
    }

    /// Releases the lock immediately. Closing may be too late: a child just forked by another thread also has the file
    /// open until it executes its program.
    package func unlock() { flock(descriptor, LOCK_UN) }

    /// Acquires the exclusive lock, polling with pauses while it is held. Blocks the thread.
    ///
    /// The kernel has no lock with a time limit, and it wakes waiters in turn even if the holder needs the lock again
    /// immediately; short pauses cost less under contention.
    ///
    /// - Parameters:
    ///   - timeout: the time limit; at least one attempt is made.
    ///   - backoff: the pauses between the attempts.
    ///   - isBusy: called before each attempt; returning true skips it.
    ///   - mayContinue: called before each pause; returning false ends the wait.
    /// - Returns: whether the lock was acquired.
    package func lock(
        within timeout: Duration,
        backoff: ExponentialBackoff = ExponentialBackoff(.microseconds(50), limit: .milliseconds(2)),
        while isBusy: () -> Bool = { false },
        mayContinue: () -> Bool = { true }
    ) throws(Problem) -> Bool {
        let deadline = ContinuousClock.now + timeout
        var failures = 0
        while true {
            if !isBusy(), try tryLock() { return true }
            guard ContinuousClock.now < deadline, mayContinue() else { return false }
            failures += 1
            backoff.pause(after: failures)
        }
    }
}
