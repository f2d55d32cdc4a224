/// The points in a commit, or in the following repacking, at which tests kill the process or make the disk fail.
package enum FailurePoint: String, Sendable, CaseIterable {
    /// The writer's lock is held; nothing has been done.
    case lockHeld
    /// The reference is locked against stock git.
    case referenceLocked
    /// The change is in the journal, which is not yet synced.
    case journalWritten
    /// The pack of a change exists, but its index does not.
    case packWritten
    /// All objects are written; the journal is not yet synced.
    case objectsWritten
    /// The change is durable.
    case journalSynced
    /// The reference's old file has a second name, under which it is kept for recycling.
    case referenceSpared
    /// The reference was moved, but the writer's lock still shows a pending change.
    case referenceMoved
    /// The journal is full, and all files have been synced.
    case checkpointSynced
    /// The journal has been restarted.
    case checkpointReset
    /// The packs have been merged; the old ones still exist.
    case packsMerged
    /// Some of the merged packs have been removed.
    case somePacksDropped
    /// Loose objects and packs have been repacked; the old files still exist.
    case repacked
    /// Some of the repacked files have been removed.
    case someDropped
}
