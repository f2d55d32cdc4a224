internal import Core
internal import Git
internal import Glibc
internal import System

/// The period during which this process alone writes to the store. It begins by finishing what a dead writer left.
///
/// - SeeAlso: `docs/decisions/0090-change-packs.md`
/// - SeeAlso: `docs/decisions/0242-deltas-of-a-batch.md`
/// - SeeAlso: `docs/decisions/0318-batches-of-branches.md`
final class WriterSession {
    private let lock: WriterLock
    private let journal: Journal
    private var state: WriterState
    private let layout: Layout
    private let options: StoreOptions
    private let repository: GitRepository
    private let spares: RecycledFiles
    private let deflaters: PackWriter.Deflaters
    /// Whether more transactions are probably waiting. Speed matters more then: the next repacking compresses
    /// everything.
    private let isHurried: Bool
    private var keptPack: String?
    /// Smaller directories are not compressed.
    private static let storedLimit = 16 << 10
    /// Smaller directories are stored in full.
    private static let deltaLimit = 1 << 10
    /// The distance of versions of a directory that are encoded against one further back.
    private static let stride = 16

    init(
        layout: Layout, options: StoreOptions, repository: GitRepository, spares: RecycledFiles,
        deflaters: PackWriter.Deflaters = PackWriter.Deflaters(), isHurried: Bool = false
    ) throws {
        self.layout = layout
        self.options = options
        self.repository = repository
        self.spares = spares
        self.deflaters = deflaters
        self.isHurried = isHurried
        lock = try WriterLock(path: layout.writerLock, timeout: options.lockTimeout)
        // A store that is being migrated is marked before its first change.
        try options.schema.check(layout)
        journal = try Journal(path: layout.journal, isDurable: options.durability == .power)
        let found = try lock.state()
        if let found, found.boot == WriterState.currentBoot, found.intents.isEmpty {
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

    /// A change of a branch.
    struct Move {
        var change: PreparedChange
        var reference: ReferenceFile
        /// The commit of the branch before; nil if it is new.
        var old: ObjectID?
        /// Its commit afterwards.
        var new: ObjectID
    }

    /// Whether changes can be made in one step.
    func canCommit(_ moves: [Move]) -> Bool { state.fits(intents(moves)) }

    private func intents(_ moves: [Move]) -> [WriterState.Intent] {
        moves.map { WriterState.Intent(reference: $0.reference.name, new: $0.new) }
    }

    /// Makes changes of different branches durable with one sync and one pack, then visible. False if one of the
    /// references is locked or has moved: read them again.
    ///
    /// - Throws: Any error. If one of the references had moved before it, the next writer moves the others.
    func commit(_ moves: [Move]) throws -> Bool {
        if moves.isEmpty { return true }
        state.intents = intents(moves)
        try lock.leave(state)
        var prepared = PreparedRecords()
        do {
            prepared = try prepare(moves)
            guard try lockReferences(moves) else { return try abort() }
            try options.atPoint(.referenceLocked)
            try journal.append(prepared.bytes, at: state.tail)
            try options.atPoint(.journalWritten)
            // Written while the journal's blocks are flushed. Nothing refers to these objects before the record is
            // durable.
            if !prepared.isPacked { try writePack(of: moves.map(\.change), isDurable: false) }
            try options.atPoint(.objectsWritten)
            try journal.synchronize()
            try options.atPoint(.journalSynced)
            try moves[0].reference.commit(spares) { try options.atPoint(.referenceSpared) }
        } catch {
            // Nothing is visible yet, so the changes are discarded. If that fails too, the next writer handles them.
            try? journal.cut(at: prepared.offsets.isEmpty ? [state.tail] : prepared.offsets)
            for move in moves { try? move.reference.removeStaleLock(holding: move.new) }
            _ = try? abort()
            throw error
        }
        for move in moves.dropFirst() {
            try move.reference.commit(spares) { try options.atPoint(.referenceSpared) }
        }
        try options.atPoint(.referenceMoved)
        releasePack()
        for move in moves where move.old == nil { try layout.adoptHead(move.reference.name, repository) }
        state.tail = prepared.end
        state.intents = []
        try lock.leave(state)
        return true
    }

    /// Locks the references of all changes; none if one is locked or has moved.
    private func lockReferences(_ moves: [Move]) throws -> Bool {
        for (number, move) in moves.enumerated() {
            let isLocked = try move.reference.lock(move.new, spares)
            if isLocked, try move.reference.read(repository) == move.old { continue }
            if isLocked { move.reference.unlock() }
            for move in moves[..<number] { move.reference.unlock() }
            return false
        }
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

    private struct PreparedRecords {
        /// The records, each at a multiple of the journal's alignment.
        var bytes: [UInt8] = []
        /// The offsets of the records in the journal.
        var offsets: [Int] = []
        /// The end of the last record in the journal.
        var end = 0
        /// Whether the objects are in a durable pack because they are too large for the records. Otherwise the records
        /// contain them as well, and their pack need not be durable.
        var isPacked = false
    }

    private func prepare(_ moves: [Move]) throws -> PreparedRecords {
        if let records = try encode(moves, withObjects: true) { return records }
        try writePack(of: moves.map(\.change), isDurable: true)
        guard var records = try encode(moves, withObjects: false) else {
            throw StoreError(.invalidValue, "store: a change of \(moves.count) branches does not fit into the journal")
        }
        records.isPacked = true
        return records
    }

    /// The records of changes, after a checkpoint if the rest of the journal is too small; nil if they are too large
    /// for it.
    private func encode(_ moves: [Move], withObjects: Bool) throws -> PreparedRecords? {
        var frames: [[UInt8]] = []
        func encode() -> Int? {
            frames = []
            for move in moves {
                var record = JournalRecord(
                    reference: move.reference.name, old: move.old, new: move.new, steps: [], blobs: [])
                if withObjects { (record.steps, record.blobs) = (move.change.steps, Array(move.change.blobs.values)) }
                guard let frame = Journal.encode(record, epoch: state.epoch) else { return nil }
                frames.append(frame)
            }
            let size = frames.reduce(0) { Journal.end(of: $1.count, at: $0) }
            return size <= (moves.count == 1 ? Journal.size : Journal.recordLimit) ? size : nil
        }
        guard let size = encode() else { return nil }
        if state.tail + size > Journal.size {
            try checkpoint()
            guard encode() != nil else { return nil }
        }
        var records = PreparedRecords(end: state.tail)
        for frame in frames {
            records.bytes += [UInt8](repeating: 0, count: records.end - state.tail - records.bytes.count)
            records.offsets.append(records.end)
            records.bytes += frame
            records.end = Journal.end(of: frame.count, at: records.end)
        }
        return records
    }

    private func abort() throws -> Bool {
        releasePack()
        state.intents = []
        try lock.leave(state)
        return false
    }

    /// Writes the objects of changes as a pack that is protected from stock git until the references have moved.
    private func writePack(of changes: [PreparedChange], isDurable: Bool) throws {
        var (commits, trees, blobs) = ([ObjectID: [UInt8]](), changes[0].trees, changes[0].blobs)
        for change in changes {
            for (id, _, bytes) in change.commits { commits[id] = bytes }
        }
        for change in changes.dropFirst() {
            trees.merge(change.trees) { first, _ in first }
            blobs.merge(change.blobs) { first, _ in first }
        }
        let pack = try PackWriter(
            objects: layout.gitObjects, count: commits.count + trees.count + blobs.count,
            spares: isDurable ? nil : spares, deflaters: deflaters)
        for (id, bytes) in commits { try pack.add(id, .commit, bytes) }
        try add(trees, versions: changes.flatMap(\.treeVersions), to: pack)
        try pack.add(
            blobs.map { id, bytes in
                PackWriter.Object(id, .blob, bytes, compression: isHurried ? .none : .fast)
            })
        keptPack = try pack.finish(PackWriter.Finish(isDurable: isDurable, keep: layout.packKeep)) {
            try options.atPoint(.packWritten)
        }
    }

    /// Adds directories: the first version of a large one in full, and each other as a delta against the previous one,
    /// or at intervals against one further back, so that chains stay short.
    private func add(
        _ trees: [ObjectID: Tree], versions: [(id: ObjectID, base: ObjectID?)], to pack: PackWriter
    ) throws {
        var lines: [ObjectID: (number: Int, anchor: ObjectID)] = [:]
        var rest = trees
        for (id, base) in versions {
            guard let tree = rest[id], tree.bytes.count >= Self.deltaLimit else { continue }
            rest[id] = nil
            if let base, let line = lines[base] {
                let number = line.number + 1
                let isAnchor = number % Self.stride == 0
                let origin = isAnchor ? line.anchor : base
                if let old = trees[origin],
                    let delta = Delta.make(from: old.bytes, to: tree.bytes, limit: tree.bytes.count / 2)
                {
                    try pack.add(id, delta: delta, base: origin, compression: .none)
                    lines[id] = (number, isAnchor ? id : line.anchor)
                    continue
                }
            }
            lines[id] = (0, id)
            try pack.add([object(id, tree)])
        }
        try pack.add(rest.map { object($0.key, $0.value) })
    }

    private func object(_ id: ObjectID, _ tree: Tree) -> PackWriter.Object {
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
