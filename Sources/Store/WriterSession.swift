internal import Core
internal import Git
internal import Glibc
internal import System

/// The period during which this process alone writes to the store. It begins by finishing what a dead writer left.
///
/// - SeeAlso: `docs/decisions/0090-change-packs.md`
/// - SeeAlso: `docs/decisions/0242-deltas-of-a-batch.md`
final class WriterSession {
    private let lock: WriterLock
    private let journal: Journal
    private var state: WriterState
    private let layout: Layout
    private let options: StoreOptions
    private let repository: GitRepository
    private let spares: RecycledFiles
    private let deflaters: PackWriter.Deflaters
    private var keptPack: String?
    /// Smaller directories are not compressed.
    private static let storedLimit = 16 << 10
    /// Smaller directories are stored in full.
    private static let deltaLimit = 1 << 10
    /// The distance of versions of a directory that are encoded against one further back.
    private static let stride = 16
    /// If a batch has this many requests, more are probably waiting.
    private static let hurry = 8

    init(
        layout: Layout, options: StoreOptions, repository: GitRepository, spares: RecycledFiles,
        deflaters: PackWriter.Deflaters = PackWriter.Deflaters()
    ) throws {
        self.layout = layout
        self.options = options
        self.repository = repository
        self.spares = spares
        self.deflaters = deflaters
        lock = try WriterLock(path: layout.writerLock, timeout: options.lockTimeout)
        // A store that is being migrated is marked before its first change.
        try options.schema.check(layout)
        journal = try Journal(path: layout.journal, isDurable: options.durability == .power)
        let found = try lock.state()
        if let found, found.boot == WriterState.currentBoot, found.intent == nil {
            state = found
        } else {
            state = try Recovery(layout: layout, repository: repository).run(found, journal)
            try lock.leave(state)
        }
        try options.atPoint(.lockHeld)
    }

    /// Whether no other process was writing at the start.
    var wasFree: Bool { lock.wasFree }

    /// Runs `body` while the lock is held.
    func hold<Result>(_ body: () throws -> Result) rethrows -> Result {
        try withExtendedLifetime(lock, body)
    }

    /// Makes `change` durable, then visible. False if the reference is locked or has moved: read it again.
    func commit(_ change: PreparedChange, reference: ReferenceFile, old: ObjectID?) throws -> Bool {
        guard let new = change.commits.last?.id else { return true }
        state.intent = WriterState.Intent(reference: reference.name, new: new)
        try lock.leave(state)
        let prepared: PreparedRecord
        do {
            prepared = try prepare(change, reference, old: old, new: new)
            guard try reference.lock(new, spares) else { return try abort() }
            guard try reference.read(repository) == old else {
                reference.unlock()
                return try abort()
            }
            try options.atPoint(.referenceLocked)
            try journal.append(prepared.bytes, at: state.tail)
            try options.atPoint(.journalWritten)
            // Written while the journal's blocks are flushed. Nothing refers to these objects before the record is
            // durable.
            if !prepared.isPacked { try writePack(of: change, isDurable: false) }
            try options.atPoint(.objectsWritten)
            try journal.synchronize()
            try options.atPoint(.journalSynced)
            try reference.commit(spares) { try options.atPoint(.referenceSpared) }
        } catch {
            // Nothing is visible yet, so the change is discarded. If that fails too, the next writer handles it.
            try? journal.cut(at: state.tail)
            try? reference.removeStaleLock(holding: new)
            _ = try? abort()
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

    /// Makes everything written durable, and restarts the journal.
    func checkpoint() throws {
        let heads = try repository.references(prefix: "refs/heads/").compactMap { name in
            try repository.reference(name).map { "\($0) \(name)\n" }
        }
        if options.durability == .power { try Files.synchronizeFileSystem(of: layout.root) }
        // Its time shows recovery which packs are known to be on disk.
        try Files.replace(layout.heads, with: Array(heads.joined().utf8))
        try options.atPoint(.checkpointSynced)
        state.epoch = UInt64.random(in: 1...UInt64.max)
        state.tail = Journal.start
        try journal.begin(epoch: state.epoch)
        try lock.leave(state)
        try options.atPoint(.checkpointReset)
    }

    private struct PreparedRecord {
        var bytes: [UInt8]
        /// Whether the objects are in a durable pack because they are too large for the record. Otherwise the record
        /// contains them as well, and their pack need not be durable.
        var isPacked: Bool
    }

    private func prepare(
        _ change: PreparedChange, _ reference: ReferenceFile, old: ObjectID?, new: ObjectID
    ) throws -> PreparedRecord {
        var record = JournalRecord(
            reference: reference.name, old: old, new: new, steps: change.steps, blobs: Array(change.blobs.values))
        var bytes = Journal.encode(record, epoch: state.epoch)
        let isPacked = bytes == nil
        if isPacked {
            try writePack(of: change, isDurable: true)
            record.steps = []
            record.blobs = []
            bytes = Journal.encode(record, epoch: state.epoch)
        }
        if Journal.end(of: bytes?.count ?? 0, at: state.tail) > Journal.size {
            try checkpoint()
            bytes = Journal.encode(record, epoch: state.epoch)
        }
        return PreparedRecord(bytes: bytes ?? [], isPacked: isPacked)
    }

    private func abort() throws -> Bool {
        releasePack()
        state.intent = nil
        try lock.leave(state)
        return false
    }

    /// Writes the objects of `change` as a pack that is protected from stock git until the reference has moved.
    private func writePack(of change: PreparedChange, isDurable: Bool) throws {
        let count = change.commits.count + change.trees.count + change.blobs.count
        let pack = try PackWriter(
            objects: layout.gitObjects, count: count, spares: isDurable ? nil : spares, deflaters: deflaters)
        for (id, _, bytes) in change.commits { try pack.add(id, .commit, bytes) }
        // Under load, speed matters more: the next repacking compresses everything.
        let isHurried = change.commits.count >= Self.hurry
        try addTrees(of: change, isHurried: isHurried, to: pack)
        try pack.add(
            change.blobs.map { id, bytes in
                PackWriter.Object(id, .blob, bytes, compression: isHurried ? .none : .fast)
            })
        keptPack = try pack.finish(PackWriter.Finish(isDurable: isDurable, keep: layout.packKeep)) {
            try options.atPoint(.packWritten)
        }
    }

    /// Adds directories: the first version of a large one in full, and each other as a delta against the previous one,
    /// or at intervals against one further back, so that chains stay short.
    private func addTrees(of change: PreparedChange, isHurried: Bool, to pack: PackWriter) throws {
        var lines: [ObjectID: (number: Int, anchor: ObjectID)] = [:]
        var rest = change.trees
        for (id, base) in change.treeVersions {
            guard let tree = rest[id], tree.bytes.count >= Self.deltaLimit else { continue }
            rest[id] = nil
            if let base, let line = lines[base] {
                let number = line.number + 1
                let isAnchor = number % Self.stride == 0
                let origin = isAnchor ? line.anchor : base
                if let old = change.trees[origin],
                    let delta = Delta.make(from: old.bytes, to: tree.bytes, limit: tree.bytes.count / 2)
                {
                    try pack.add(id, delta: delta, base: origin, compression: .none)
                    lines[id] = (number, isAnchor ? id : line.anchor)
                    continue
                }
            }
            lines[id] = (0, id)
            try pack.add([object(id, tree, isHurried: isHurried)])
        }
        try pack.add(rest.map { object($0.key, $0.value, isHurried: isHurried) })
    }

    private func object(_ id: ObjectID, _ tree: Tree, isHurried: Bool) -> PackWriter.Object {
        // Hashes do not compress, and the next repacking makes deltas of directories.
        let isStored = isHurried || tree.bytes.count < Self.storedLimit
        return PackWriter.Object(id, .tree, tree.bytes, compression: isStored ? .none : .fast)
    }

    /// Removes the protection of the pack: either a reference points to its contents, or none ever will.
    private func releasePack() {
        if let keptPack { unlink("\(keptPack).keep") }
        keptPack = nil
    }
}
