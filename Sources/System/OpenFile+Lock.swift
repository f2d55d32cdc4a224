internal import Glibc

/// Locks of whole files (flock). The kernel releases one when the last descriptor of its open file is closed, however the
/// process ends; so nothing is left to clean up.
extension OpenFile {
    /// Takes the exclusive lock if no other process holds one.
    ///
    /// - Returns: false if someone does.
    package func tryLock() throws(Problem) -> Bool {
        if retrying({ flock(descriptor, LOCK_EX | LOCK_NB) }) == 0 { return true }
        guard errno == EWOULDBLOCK else { throw Problem(.last("lock", path)) }
        return false
    }

    /// Takes the exclusive lock of a file that still has the name by which it was opened: a process that removes files that nobody
    /// locks may have removed this one in between.
    ///
    /// - Returns: false if another process has the lock, or the name.
    package func tryLockOfName() throws(Problem) -> Bool {
        guard try tryLock(), let held = status, let named = FileStatus(path) else { return false }
        return held.inode == named.inode && held.device == named.device
    }

    /// Waits until the lock is free and takes it. Blocks the thread.
    package func waitForLock() throws(Problem) {
        guard retrying({ flock(descriptor, LOCK_EX) }) == 0 else { throw Problem(.last("lock", path)) }
    }

    /// Whether another open file holds the exclusive lock.
    package var isLockedElsewhere: Bool {
        guard flock(descriptor, LOCK_SH | LOCK_NB) == 0 else { return true }
        unlock()
        return false
    }

    /// Releases the lock at once: a child that another thread has just forked also has the file open, until it runs its
    /// program.
    package func unlock() { flock(descriptor, LOCK_UN) }

    /// Takes the exclusive lock, and looks again after pauses where it is held. Blocks the thread.
    ///
    /// The kernel has no lock with a time limit, and a waiter that it wakes takes its turn even where the holder comes back
    /// at once; short pauses cost less under contention.
    ///
    /// - Parameters:
    ///   - pause: of microseconds, doubled up to the upper bound.
    ///   - mayContinue: is asked before each pause; the wait ends where it returns false.
    /// - Returns: whether the lock was taken.
    package func lock(
        within timeout: Duration, pause: ClosedRange<UInt32> = 50...2_000, while isBusy: () -> Bool = { false },
        mayContinue: () -> Bool = { true }
    ) throws(Problem) -> Bool {
        let deadline = ContinuousClock.now + timeout
        var next = pause.lowerBound
        while true {
            if !isBusy(), try tryLock() { return true }
            guard ContinuousClock.now < deadline, mayContinue() else { return false }
            usleep(UInt32.random(in: next / 2...next))
            next = min(next * 2, pause.upperBound)
        }
    }
}
