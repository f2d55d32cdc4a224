/// The places in a commit at which a process may die or a disk may fail: where tests make it so.
package enum FailurePoint: String, Sendable, CaseIterable {
    /// The writer's lock is held; nothing was done.
    case lockHeld
    /// The reference is locked against stock git.
    case referenceLocked
    /// The change is in the journal, not yet synced.
    case journalWritten
    /// The change is durable.
    case journalSynced
    /// Some of the objects are written.
    case someObjectsWritten
    /// All objects are written, the reference is not.
    case objectsWritten
    /// The reference is moved; the writer's lock still says that work is going on.
    case referenceMoved
    /// The journal is full, and everything was synced.
    case checkpointSynced
    /// The journal begins anew.
    case checkpointReset
}
