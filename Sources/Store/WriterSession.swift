internal import Core
internal import Git
internal import Glibc

/// The time during which one process, and no other, writes to the store. Begins by finishing what a dead writer left.
final class WriterSession {
    private let lock: WriterLock
    private let journal: Journal
    private var state: WriterState
    private let layout: Layout
    private let options: StoreOptions
    private let repository: GitRepository
    private let loose: LooseObjects

    init(layout: Layout, options: StoreOptions, repository: GitRepository, loose: LooseObjects) throws {
        self.layout = layout
        self.options = options
        self.repository = repository
        self.loose = loose
        lock = try WriterLock(path: layout.writerLock, timeout: options.lockTimeout)
        journal = try Journal(path: layout.journal, isDurable: options.durability == .power)
        let found = try lock.state()
        if let found, found.boot == WriterState.currentBoot, found.intent == nil {
            state = found
        } else {
            state = try Recovery(layout: layout, repository: repository, loose: loose).run(found, journal)
            try lock.leave(state)
        }
        try options.atPoint(.lockHeld)
    }

    /// Runs `body` while the lock is held.
    func hold<Result>(_ body: () throws -> Result) rethrows -> Result {
        try withExtendedLifetime(lock, body)
    }

    /// Makes `change` durable, then visible. False where the reference is locked or has moved: look again.
    func commit(_ change: PreparedChange, reference: ReferenceFile, old: ObjectID?) throws -> Bool {
        guard let new = change.commits.last?.id else { return true }
        let (bytes, isPacked) = try prepare(change, reference, old: old, new: new)
        let tail = Journal.end(of: bytes.count, at: state.tail)
        state.intent = WriterState.Intent(reference: reference.name, new: new)
        try lock.leave(state)
        do {
            guard try reference.lock(new) else { return try stepBack() }
            guard try reference.read(repository) == old else {
                reference.unlock()
                return try stepBack()
            }
            try options.atPoint(.referenceLocked)
            try journal.append(bytes, at: state.tail, atPoint: options.atPoint)
            try options.atPoint(.journalSynced)
            if !isPacked { try writeObjects(of: change) }
            try options.atPoint(.objectsWritten)
            try reference.commit()
        } catch {
            // Nothing is visible yet: forget the change. Where even that fails, the next writer settles it.
            try? journal.cut(at: state.tail)
            try? reference.removeStaleLock(holding: new)
            _ = try? stepBack()
            throw error
        }
        try options.atPoint(.referenceMoved)
        if old == nil { try layout.adoptHead(reference.name, repository) }
        state.tail = tail
        state.intent = nil
        try lock.leave(state)
        return true
    }

    /// Makes all that was written durable, and begins the journal anew.
    func checkpoint() throws {
        let heads = try repository.references(prefix: "refs/heads/").compactMap { name in
            try repository.reference(name).map { "\($0) \(name)\n" }
        }
        try replace(layout.heads, with: Array(heads.joined().utf8))
        if options.durability == .power { try synchronizeFileSystem(of: layout.root) }
        try options.atPoint(.checkpointSynced)
        state.epoch = UInt64.random(in: 1...UInt64.max)
        state.tail = Journal.start
        try journal.begin(epoch: state.epoch)
        try lock.leave(state)
        try options.atPoint(.checkpointReset)
    }

    /// The record of `change`; a large one refers to a pack that is on disk then.
    private func prepare(
        _ change: PreparedChange, _ reference: ReferenceFile, old: ObjectID?, new: ObjectID
    ) throws -> (bytes: [UInt8], isPacked: Bool) {
        var record = JournalRecord(
            reference: reference.name, old: old, new: new, steps: change.steps, blobs: Array(change.blobs.values))
        var bytes = change.objectCount > options.looseLimit ? nil : Journal.encode(record, epoch: state.epoch)
        let isPacked = bytes == nil
        if isPacked {
            try writePack(of: change)
            record.steps = []
            record.blobs = []
            bytes = Journal.encode(record, epoch: state.epoch)
        }
        if Journal.end(of: bytes?.count ?? 0, at: state.tail) > Journal.size {
            try checkpoint()
            bytes = Journal.encode(record, epoch: state.epoch)
        }
        return (bytes ?? [], isPacked)
    }

    private func stepBack() throws -> Bool {
        state.intent = nil
        try lock.leave(state)
        return false
    }

    private func writeObjects(of change: PreparedChange) throws {
        for (id, bytes) in change.blobs { try loose.write(id, .blob, bytes) }
        try options.atPoint(.someObjectsWritten)
        for (id, tree) in change.trees { try loose.write(id, .tree, tree.bytes) }
        for (id, bytes) in change.commits { try loose.write(id, .commit, bytes) }
    }

    private func writePack(of change: PreparedChange) throws {
        let pack = try PackWriter(objects: layout.gitObjects, count: change.objectCount)
        for (id, bytes) in change.commits { try pack.add(id, .commit, bytes) }
        for (id, tree) in change.trees { try pack.add(id, .tree, tree.bytes) }
        for (id, bytes) in change.blobs { try pack.add(id, .blob, bytes) }
        try pack.finish()
    }
}
