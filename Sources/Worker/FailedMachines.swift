internal import Core
internal import Synchronization

/// Machines that could not be prepared in this run, and why: further jobs of their targets fail at once.
final class FailedMachines: Sendable {
    private let failures = Mutex<[Digest: PermanentFailure]>([:])

    subscript(digest: Digest) -> PermanentFailure? {
        get { failures.withLock { $0[digest] } }
        set { failures.withLock { $0[digest] = newValue } }
    }
}
