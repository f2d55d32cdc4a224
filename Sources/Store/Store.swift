internal import Core
internal import Git
internal import System

/// Branches of small documents in a plain bare git repository, changed by transactions and watched.
///
/// Stock git may clone, log, fetch from, push to, repack and check it at any time. Any number of processes and threads
/// may write at the same time. The store does not interpret the documents.
///
/// - SeeAlso: `docs/decisions/0036-history-deltas.md`
/// - SeeAlso: `docs/decisions/0037-repack-keeps-objects.md`
public final class Store: Sendable {
    /// The version of the layout that this program writes.
    public static var schemaVersion: Int { Schema.current.version }

    /// The directory of the store.
    public let path: String
    let layout: Layout
    let handles: HandlePool
    let options: StoreOptions
    let committer: Committer
    let spares: RecycledFiles
    /// Detects changes of branches.
    let events: FileEvents
    /// Claims, assignments, reports and progress, visible to all processes that use the store.
    public let ephemeral: any EphemeralValues
    let ephemeralFiles: FileEphemeralValues

    /// Opens the store at `path`, or creates it.
    ///
    /// - Throws: `StoreError` of kind `newerSchema`, `noStore` if the directory contains something else, `system`.
    public convenience init(at path: String, options: StoreOptions = StoreOptions()) throws {
        try options.schema.create(Layout(root: path), lockTimeout: options.lockTimeout)
        try self.init(opening: path, options: options)
    }

    /// Opens the store at `path`. An older one is migrated after a snapshot.
    ///
    /// - Throws: `StoreError` of kind `noStore` if there is none, `newerSchema` if this program is too old for it.
    public init(opening path: String, options: StoreOptions = StoreOptions()) throws {
        self.path = path
        self.options = options
        let layout = try Layout.find(at: path)
        let handles = HandlePool(path: layout.root)
        self.layout = layout
        self.handles = handles
        let isClone = layout.clone != nil
        let schema = isClone ? nil : try options.schema.check(layout)
        if !isClone { Self.setAsidePacksBrokenByRestart(layout) }
        // If the repository cannot be opened, nothing is written.
        try handles.with { _ in }
        events = FileEvents(directories: ["\(layout.root)/refs"], changeDetection: options.changeDetection)
        ephemeralFiles = try FileEphemeralValues(
            directory: layout.live, changeDetection: options.changeDetection, isMade: !isClone)
        ephemeral = options.coordination ?? ephemeralFiles
        spares = RecycledFiles(directory: layout.spares, after: options.filesBeforeSpares)
        committer = Committer(layout: layout, options: options, cache: handles.cache, spares: spares) { [events] in
            events.notify()
        }
        if let schema { try begin(schema) }
    }

    private func begin(_ schema: SchemaState) throws {
        try recoverFromRestart()
        // A process with read-only access leaves them.
        try? ephemeralFiles.sweepOwners()
        logs.removeLeftOvers()
        if schema != SchemaState(version: options.schema.version) { try migrate() }
    }

    /// Whether the machine was rebooted since the last write.
    private static func hasRestarted(sinceLastWriterOf layout: Layout) throws -> Bool {
        let state = try Files.contents(of: layout.writerLock).flatMap { WriterState(bytes: $0) }
        return state.map { $0.boot != WriterState.currentBoot } ?? false
    }

    /// Moves away the packs that were damaged by a power failure: with such an index the repository cannot be opened.
    /// Their contents are restored from the journal. Does nothing if the store is not writable.
    private static func setAsidePacksBrokenByRestart(_ layout: Layout) {
        guard (try? hasRestarted(sinceLastWriterOf: layout)) == true,
            let lock = try? WriterLock(path: layout.writerLock, timeout: .seconds(5))
        else { return }
        defer { withExtendedLifetime(lock) {} }
        try? layout.setAsideBrokenPacks()
    }

    /// After a reboot a branch may refer to objects that were not on disk, so that it cannot be read until a writer has
    /// processed the journal.
    private func recoverFromRestart() throws {
        guard try Self.hasRestarted(sinceLastWriterOf: layout) else { return }
        // A process with read-only access uses the existing state.
        try? finishPendingCommits()
    }

    /// Closes packs that no thread reads, and forgets documents that were read.
    package func releaseCaches() { handles.releaseUnused() }

    /// The directory of indexes, which can be rebuilt at any time; nil for a plain clone.
    public var indexDirectory: String? { isClone ? nil : layout.indexes }

    /// The directory for files that belong to this store alone and are not cloned; nil for a plain clone.
    public var privateDirectory: String? { isClone ? nil : layout.own }

    /// The current state of the branch; empty if it does not exist.
    public func snapshot(_ branch: Branch) throws -> Snapshot {
        try handles.with { repository in
            guard let id = try head(of: branch, repository) else {
                return Snapshot(commit: nil, tree: .emptyTree, handles: handles)
            }
            return Snapshot(commit: id, tree: try handles.cache.commit(id, repository).tree, handles: handles)
        }
    }

    private func head(of branch: Branch, _ repository: GitRepository) throws -> ObjectID? {
        let own = try ReferenceFile(name: branch.reference, directory: layout.root).read(repository)
        guard let clone = layout.clone else { return own }
        return try clone.head(of: branch, here: own, repository)
    }

    /// The state of a branch at a commit, given by an id or any revision in git's syntax.
    public func snapshot(at revision: String) throws -> Snapshot {
        try handles.with { repository in
            let id = try resolve(revision, repository)
            return Snapshot(commit: id, tree: try repository.commit(id).tree, handles: handles)
        }
    }

    /// A missing commit of a branch is damage, not an error of the caller.
    private func resolve(_ revision: String, _ repository: GitRepository) throws -> ObjectID {
        if let clone = layout.clone { return try clone.resolve(revision, repository) }
        let resolved = Result { () throws(GitError) in try repository.resolve(commit: revision) }
        if case .failure(let error) = resolved, error.kind == .notFound, (try? Branch(revision)) != nil,
            let id = try ReferenceFile(name: "refs/heads/\(revision)", directory: path).read(repository)
        {
            _ = try repository.commit(id)
        }
        return try resolved.get()
    }

    /// All branches whose names have the prefix `prefix`, sorted.
    public func branches(prefix: String = "") throws -> [Branch] {
        try handles.with { repository in
            let own = try repository.references(prefix: "refs/heads/").map { String($0.dropFirst("refs/heads/".count)) }
            let fetched = try layout.clone?.remoteBranches(repository) ?? []
            let names = fetched.isEmpty ? own : Set(own + fetched).sorted()
            return try names.filter { $0.hasPrefix(prefix) }.map { try Branch($0) }
        }
    }

    /// Makes everything written durable without the journal, and restarts the journal. Happens automatically when the
    /// journal is full.
    public func checkpoint() throws { try committer.checkpoint() }

    /// Finishes what a dead writer left: a durable change that is not visible yet becomes visible now, not only after
    /// the next transaction.
    ///
    /// - Throws: `StoreError`, also if another writer holds the lock for too long.
    public func finishPendingCommits() throws { try exclusively { _ in } }

    /// Runs `body` while no process writes to the store.
    func exclusively<Result: Sendable>(_ body: (GitRepository) throws -> Result) throws -> Result {
        try committer.exclusively(body)
    }
}
