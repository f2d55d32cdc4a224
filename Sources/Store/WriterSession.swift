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
    private var keptPack: String?
    /// Whether a change was written as a pack.
    private(set) var hasWrittenPack = false
    /// Smaller directories are not compressed.
    private static let storedLimit = 16 << 10

    init(layout: Layout, options: StoreOptions, repository: GitRepository, loose: LooseObjects) throws {
        self.layout = layout
        self.options = options
        self.repository = repository
        self.loose = loose
        lock = try WriterLock(path: layout.writerLock, timeout: options.lockTimeout)
        // A store that is brought to a newer version says so before its first change.
        try options.schema.check(layout)
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
        state.intent = WriterState.Intent(reference: reference.name, new: new)
        try lock.leave(state)
        let prepared: PreparedRecord
        do {
            prepared = try prepare(change, reference, old: old, new: new)
            guard try reference.lock(new) else { return try stepBack() }
            guard try reference.read(repository) == old else {
                reference.unlock()
                return try stepBack()
            }
            try options.atPoint(.referenceLocked)
            try journal.append(prepared.bytes, at: state.tail, atPoint: options.atPoint)
            try options.atPoint(.journalSynced)
            switch prepared.form {
            case .loose: try writeObjects(of: change)
            case .pack: try writePack(of: change, isDurable: false)
            case .durablePack: break
            }
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
        releasePack()
        if old == nil { try layout.adoptHead(reference.name, repository) }
        state.tail = Journal.end(of: prepared.bytes.count, at: state.tail)
        state.intent = nil
        try lock.leave(state)
        return true
    }

    /// Makes all that was written durable, and begins the journal anew.
    func checkpoint() throws {
        let heads = try repository.references(prefix: "refs/heads/").compactMap { name in
            try repository.reference(name).map { "\($0) \(name)\n" }
        }
        if options.durability == .power { try synchronizeFileSystem(of: layout.root) }
        // Its age tells recovery which packs are on disk for sure.
        try replace(layout.heads, with: Array(heads.joined().utf8))
        try options.atPoint(.checkpointSynced)
        state.epoch = UInt64.random(in: 1...UInt64.max)
        state.tail = Journal.start
        try journal.begin(epoch: state.epoch)
        try lock.leave(state)
        try options.atPoint(.checkpointReset)
    }

    /// The record of a change, and how its objects are kept.
    private struct PreparedRecord {
        enum Form {
            /// A file each; the record holds them as well.
            case loose
            /// A pack that need not be on disk, for the record holds its objects as well.
            case pack
            /// A pack that is on disk already, for they are too large for the record.
            case durablePack
        }
        var bytes: [UInt8]
        var form: Form
    }

    private func prepare(
        _ change: PreparedChange, _ reference: ReferenceFile, old: ObjectID?, new: ObjectID
    ) throws -> PreparedRecord {
        var record = JournalRecord(
            reference: reference.name, old: old, new: new, steps: change.steps, blobs: Array(change.blobs.values))
        var form = change.objectCount > options.looseLimit ? PreparedRecord.Form.pack : .loose
        var bytes = Journal.encode(record, epoch: state.epoch)
        if bytes == nil {
            form = .durablePack
            try writePack(of: change, isDurable: true)
            record.steps = []
            record.blobs = []
            bytes = Journal.encode(record, epoch: state.epoch)
        }
        if Journal.end(of: bytes?.count ?? 0, at: state.tail) > Journal.size {
            try checkpoint()
            bytes = Journal.encode(record, epoch: state.epoch)
        }
        return PreparedRecord(bytes: bytes ?? [], form: form)
    }

    private func stepBack() throws -> Bool {
        releasePack()
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

    /// Writes the objects of `change` as a pack that stock git keeps until the reference has moved.
    private func writePack(of change: PreparedChange, isDurable: Bool) throws {
        let pack = try PackWriter(objects: layout.gitObjects, count: change.objectCount)
        for (id, bytes) in change.commits { try pack.add(id, .commit, bytes) }
        // Hashes do not compress, and what tidies behind makes deltas of directories.
        try pack.add(
            change.trees.map { id, tree in
                PackWriter.Object(
                    id, .tree, tree.bytes, compression: tree.bytes.count < Self.storedLimit ? .none : .fast)
            })
        try pack.add(change.blobs.map { id, bytes in PackWriter.Object(id, .blob, bytes) })
        keptPack = try pack.finish(PackWriter.Finish(isDurable: isDurable, keep: Layout.packKeep)) {
            try options.atPoint(.packWritten)
        }
        hasWrittenPack = true
    }

    /// Stock git need not keep the pack any more: a reference leads to what it holds, or nothing ever will.
    private func releasePack() {
        if let keptPack { unlink("\(keptPack).keep") }
        keptPack = nil
    }
}
