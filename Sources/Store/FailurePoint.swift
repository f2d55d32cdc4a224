/// The places in a commit, or in the repacking after it, at which a process may die or a disk may fail: where tests make it so.
package enum FailurePoint: String, Sendable, CaseIterable {
    /// The writer's lock is held; nothing was done.
    case lockHeld
    /// The reference is locked against stock git.
    case referenceLocked
    /// The change is in the journal, not yet synced.
    case journalWritten
    /// The pack of a change exists, but its index does not.
    case packWritten
    /// All objects are written, the journal is not yet synced.
    case objectsWritten
    /// The change is durable.
    case journalSynced
    /// The file that is the reference has a second name, by which it is kept to be rewritten.
    case referenceSpared
    /// The reference was moved, but the writer's lock still shows a pending change.
    case referenceMoved
    /// The journal is full, and everything was synced.
    case checkpointSynced
    /// The journal starts over.
    case checkpointReset
    /// Packs were merged, and the old ones are still there.
    case packsMerged
    /// Some of the packs that were put together are gone.
    case somePacksDropped
    /// Loose objects and packs were repacked, and are still there themselves.
    case repacked
    /// Some of what was repacked is gone.
    case someDropped
}
