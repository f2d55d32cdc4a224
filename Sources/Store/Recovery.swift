internal import Core
internal import Git
internal import Glibc
internal import System

/// Repairs a store after its writer was killed or the machine stopped.
struct Recovery {
    let layout: Layout
    let repository: GitRepository
    private let loose: LooseObjects

    init(layout: Layout, repository: GitRepository) {
        self.layout = layout
        self.repository = repository
        loose = LooseObjects(directory: layout.gitObjects)
    }

    /// Recovers from the state that a dead writer left, and returns the state to continue from. The writer's lock must
    /// be held.
    func run(_ found: WriterState?, _ journal: Journal) throws -> WriterState {
        let boot = WriterState.currentBoot
        try layout.releaseKeptPacks()
        let epoch = try journal.epoch()
        let isSameBoot = found?.boot == boot && found?.epoch == epoch
        guard let epoch else { return try fresh(boot, journal) }
        let records = try journal.records(epoch: epoch)
        if let found, isSameBoot {
            try removeLocks(of: found)
            // The kernel has everything that earlier writers wrote; only the pending changes are uncertain.
            let pending = records.filter { $0.offset >= found.tail }
            for (_, _, record) in pending { try redo(record) }
            return WriterState(boot: boot, epoch: epoch, tail: pending.last?.end ?? found.tail)
        }
        removeLocksOfAnotherBoot()
        try layout.setAsideBrokenPacks()
        try repository.refresh()
        for (_, _, record) in records { try rewriteObjects(record) }
        for reference in Set(records.map(\.record.reference)).sorted() {
            try restore(reference, records.map(\.record).filter { $0.reference == reference })
        }
        try Files.synchronizeFileSystem(of: layout.root)
        return try fresh(boot, journal)
    }

    private func fresh(_ boot: String, _ journal: Journal) throws -> WriterState {
        let state = WriterState(boot: boot, epoch: UInt64.random(in: 1...UInt64.max), tail: Journal.start)
        try journal.begin(epoch: state.epoch)
        return state
    }

    private func removeLocks(of found: WriterState) throws {
        for intent in found.intents {
            try ReferenceFile(name: intent.reference, directory: layout.root).removeStaleLock(holding: intent.new)
        }
    }

    /// Finishes a pending change of a dead writer, unless the branch has moved elsewhere.
    private func redo(_ record: JournalRecord) throws {
        let reference = ReferenceFile(name: record.reference, directory: layout.root)
        guard try reference.read(repository) == record.old else { return }
        try rewriteObjects(record)
        try move(reference, to: record.new, from: record.old)
    }

    /// Sets a branch to the last of its records if it is at an earlier one, or its file was lost.
    private func restore(_ name: String, _ records: [JournalRecord]) throws {
        guard let last = records.last else { return }
        let reference = ReferenceFile(name: name, directory: layout.root)
        let known = Set(records.flatMap { [$0.old, $0.new] })
        do {
            let current = try reference.read(repository)
            guard current != last.new else { return }
            // A recycled branch file may be on disk before the record of its change and before its names.
            guard known.contains(current) || current.map({ (try? repository.commit($0)) == nil }) ?? true else {
                return
            }
            try move(reference, to: last.new, from: current)
        } catch let error as StoreError where error.kind == .corrupted {
            try Files.replace("\(layout.root)/\(name)", with: Array("\(last.new)\n".utf8))
        }
    }

    private func move(_ reference: ReferenceFile, to new: ObjectID, from old: ObjectID?) throws {
        guard try reference.lock(new) else { return }
        guard try reference.read(repository) == old else { return reference.unlock() }
        try reference.commit()
    }

    /// Writes the objects of a record: its blobs and commits, and the directories that result from its edits.
    private func rewriteObjects(_ record: JournalRecord) throws {
        for blob in record.blobs { try loose.write(ObjectID(hashing: .blob, blob), .blob, blob) }
        for step in record.steps {
            guard let commit = Commit(bytes: step.commit) else { continue }
            let parent = try commit.parents.first.map { try repository.commit($0).tree } ?? .emptyTree
            var editor = TreeEditor { try repository.tree($0) }
            let tree = try editor.apply(step.edits.map { (key: $0.path, value: $0.edit) }, to: parent)
            guard tree == commit.tree else {
                throw StoreError(
                    .corrupted, "store: the journal's change of '\(record.reference)' does not lead to its commit",
                    hint: "copy the store, then `ci store verify --repair`")
            }
            for (id, tree) in editor.created { try loose.write(id, .tree, tree.bytes) }
            try loose.write(ObjectID(hashing: .commit, step.commit), .commit, step.commit)
        }
    }

    /// A process from before the last boot cannot hold a lock.
    private func removeLocksOfAnotherBoot() {
        unlink("\(layout.root)/packed-refs.lock")
        for path in files(below: "\(layout.root)/refs") where path.hasSuffix(".lock") { unlink(path) }
    }
}

/// The paths of all files below a directory.
func files(below directory: String) -> [String] {
    names(in: directory).flatMap { name -> [String] in
        let path = "\(directory)/\(name)"
        return FileStatus(path)?.isDirectory == true ? files(below: path) : [path]
    }
}
