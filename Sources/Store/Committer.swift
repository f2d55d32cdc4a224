internal import Core
internal import Dispatch
internal import Git
internal import Glibc
internal import Synchronization
internal import System

/// Commits transactions in batches: transactions that arrive while one batch is written form the next one.
final class Committer: Sendable {
    private let layout: Layout
    private let options: StoreOptions
    private let waiting = Mutex<[CommitRequest]>([])
    private let queue = DispatchQueue(label: "store.committer")
    private let spares: RecycledFiles
    private let work: Work
    private let notify: @Sendable () -> Void
    private let packs = Mutex(Packs())
    /// The number of small packs above which they are merged in the background.
    private static let packLimit = 32
    /// The number of small packs above which they are merged before anything else is committed. Processes that end soon
    /// leave packs that their background threads did not merge.
    private static let urgentLimit = 8 * packLimit
    private let behind = DispatchQueue(label: "store.packs", qos: .utility)

    private struct Packs {
        /// The number of small packs that no attempt was made to merge; nil if it has not been counted.
        var unmerged: Int?
        var areMerged = false
    }

    /// - Parameter notify: called when branches have moved.
    init(
        layout: Layout, options: StoreOptions, cache: ObjectCache, spares: RecycledFiles,
        notify: @escaping @Sendable () -> Void
    ) {
        self.notify = notify
        self.layout = layout
        self.options = options
        self.spares = spares
        work = Work(layout: layout, options: options, cache: cache, spares: spares)
    }

    /// Commits `request` on the calling thread, or adds it to the batch of a thread that is already committing.
    func submit(_ request: CommitRequest) {
        waiting.withLock { $0.append(request) }
        queue.sync { drain() }
    }

    /// Commits `request` on a dedicated thread.
    func submitLater(_ request: CommitRequest) {
        waiting.withLock { $0.append(request) }
        queue.async { self.drain() }
    }

    /// Runs `body` while no process writes to the store.
    func exclusively<Result: Sendable>(_ body: (GitRepository) throws -> Result) throws -> Result {
        try queue.sync { try work.exclusively(body) }
    }

    /// Makes everything written so far durable without the journal, and restarts it.
    func checkpoint() throws {
        try queue.sync { try work.checkpoint() }
    }

    /// Waits for a short time until the next batch is large (group commit): each batch has its own sync, pack and
    /// directories.
    ///
    /// The transactions of one writer that waits for each of them are batches of their own.
    private func waitForGroupCommit() {
        guard work.lastBatch >= GroupSize.smallest else { return }
        var count = waiting.withLock { $0.count }
        for _ in 0..<Self.groupPauses where count < work.groupSize.wanted {
            usleep(200)
            count = waiting.withLock { $0.count }
        }
        work.groupSize.note(count)
    }

    /// The longest wait, as a number of pauses of 0.2 ms, which take some 0.25 ms each.
    private static let groupPauses = 10

    private func drain() {
        waitForGroupCommit()
        let batch = waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
        guard !batch.isEmpty else { return }
        work.lastBatch = batch.count
        var order: [Branch] = []
        var byBranch: [Branch: [CommitRequest]] = [:]
        for request in batch {
            if byBranch[request.branch] == nil { order.append(request.branch) }
            byBranch[request.branch, default: []].append(request)
        }
        work.commit(order.map { ($0, byBranch[$0] ?? []) })
        notify()
        mergePacks(after: work.takePackCount())
    }

    /// Merges packs in the background once there are many.
    private func mergePacks(after count: Int) {
        guard count > 0 else { return }
        let merging = PackMerging(layout: layout, options: options, spares: spares)
        let known = packs.withLock(\.unmerged)
        let unmerged = known.map { $0 + count } ?? merging.count()
        packs.withLock { $0.unmerged = unmerged }
        // A failure is retried after further changes: nothing is lost.
        if unmerged > Self.urgentLimit {
            _ = try? merging.runBriefly()
            packs.withLock { $0.unmerged = 0 }
        }
        let isDue = packs.withLock { packs in
            guard unmerged >= Self.packLimit, !packs.areMerged else { return false }
            packs.areMerged = true
            return true
        }
        guard isDue else { return }
        behind.async { [self] in
            _ = try? merging.run()
            spares.examine()
            packs.withLock { ($0.unmerged, $0.areMerged) = (0, false) }
        }
    }
}

/// The size of batches that is worth waiting for: it grows as long as so many requests arrive in time.
///
/// Four threads that each wait for their transactions never have more than four, and would wait in vain for a fifth.
struct GroupSize {
    /// No smaller batch is waited for.
    static let smallest = 4
    private static let largest = 16
    /// The number of batches after which a larger size is tried again.
    private static let patience = 64

    private(set) var wanted = smallest
    private var restraint = 0

    /// Notes how many requests there were at the end of the wait.
    mutating func note(_ count: Int) {
        if count < wanted {
            (wanted, restraint) = (max(count, Self.smallest), Self.patience)
        } else if restraint > 0 {
            restraint -= 1
        } else {
            wanted = min(wanted * 2, Self.largest)
        }
    }
}

/// The state of a committer between batches. It is accessed only on the committer's queue, hence unchecked.
private final class Work: @unchecked Sendable {
    private let layout: Layout
    private let options: StoreOptions
    private var repository: GitRepository?
    private let spares: RecycledFiles
    private let deflaters = PackWriter.Deflaters()
    private let cache: ObjectCache
    private var packCount = 0
    /// The number of requests in the last batch, of all branches.
    var lastBatch = 0
    /// The size that the next batch is to have.
    var groupSize = GroupSize()
    /// When the last batch ended.
    private var lastEnd = ContinuousClock.now - .seconds(1)
    /// If a batch has this many requests, or follows another one after so short a time, more will probably follow.
    private static let (hurry, pause) = (8, Duration.milliseconds(20))
    /// Whether the current batch is written as fast as possible.
    private var isHurried = false

    init(layout: Layout, options: StoreOptions, cache: ObjectCache, spares: RecycledFiles) {
        self.cache = cache
        self.spares = spares
        self.layout = layout
        self.options = options
    }

    /// Commits the requests for branches and reports the result to each: in one step if that is possible, otherwise one
    /// branch after the other.
    ///
    /// - SeeAlso: `docs/decisions/0318-batches-of-branches.md`
    func commit(_ groups: [(branch: Branch, requests: [CommitRequest])]) {
        isHurried = lastBatch >= Self.hurry || lastEnd.duration(to: .now) < Self.pause
        defer { lastEnd = .now }
        for part in groups.chunks(ofCount: Self.branchesAtOnce) {
            do {
                if part.count > 1, let changes = try changeTogether(part) {
                    changes.forEach(answer)
                    continue
                }
            } catch {
                for request in part.flatMap(\.requests) { request.complete(.failure(error)) }
                continue
            }
            for (branch, requests) in part {
                do {
                    answer(try change(requests, branch))
                } catch {
                    for request in requests { request.complete(.failure(error)) }
                }
            }
        }
    }

    /// The state of so many pending changes is written in one step, unless their names are long.
    private static let branchesAtOnce = 8

    private func answer(_ change: PreparedChange) {
        for (request, error) in change.rejected { request.complete(.failure(error)) }
        for (request, commit) in change.accepted { request.complete(.success(commit)) }
    }

    /// The number of packs written since the last call.
    func takePackCount() -> Int {
        defer { packCount = 0 }
        return packCount
    }

    func exclusively<Result>(_ body: (GitRepository) throws -> Result) throws -> Result {
        let repository = try handle()
        let session = try WriterSession(layout: layout, options: options, repository: repository, spares: spares)
        return try session.hold { try body(repository) }
    }

    func checkpoint() throws {
        let session = try WriterSession(layout: layout, options: options, repository: try handle(), spares: spares)
        try session.checkpoint()
    }

    private func handle() throws -> GitRepository {
        if let repository {
            try repository.refreshIfPacksChanged()
            return repository
        }
        try layout.requireWritable()
        let opened = try GitRepository.store(at: layout.root)
        try layout.makeKeep()
        repository = opened
        return opened
    }

    private func session(_ repository: GitRepository) throws -> WriterSession {
        try WriterSession(
            layout: layout, options: options, repository: repository, spares: spares, deflaters: deflaters,
            isHurried: isHurried)
    }

    private func build(
        _ requests: [CommitRequest], on branch: Branch, _ head: (id: ObjectID, commit: Commit)?,
        _ repository: GitRepository
    ) throws -> PreparedChange {
        var builder = ChangeBuilder(
            branch: branch, head: head, options: options, loadTree: { [cache] in try cache.tree($0, repository) },
            readBlob: { [cache] in try cache.blob($0, repository) })
        return try builder.build(requests)
    }

    /// Makes changes of several branches that exist, in one step.
    ///
    /// - Returns: Nil if that is not possible; then nothing was changed.
    private func changeTogether(
        _ groups: some Collection<(branch: Branch, requests: [CommitRequest])>
    ) throws -> [PreparedChange]? {
        let repository = try handle()
        let session = try session(repository)
        var changes: [PreparedChange] = []
        var moves: [WriterSession.Move] = []
        for (branch, requests) in groups {
            let reference = ReferenceFile(name: branch.reference, directory: layout.root)
            guard let head = try? head(of: branch, reference, repository),
                let change = try? build(requests, on: branch, head, repository)
            else { return nil }
            changes.append(change)
            guard let new = change.commits.last?.id else { continue }
            change.series?.note(branch, from: head.id, to: new)
            moves.append(WriterSession.Move(change: change, reference: reference, old: head.id, new: new))
        }
        guard session.canCommit(moves), try session.commit(moves) else { return nil }
        packCount += moves.isEmpty ? 0 : 1
        for move in moves { cache.add(move.change) }
        return changes
    }

    private func change(_ requests: [CommitRequest], _ branch: Branch) throws -> PreparedChange {
        let repository = try handle()
        let session = try session(repository)
        let reference = ReferenceFile(name: branch.reference, directory: layout.root)
        let deadline = ContinuousClock.now + options.lockTimeout
        let backoff = ExponentialBackoff(.microseconds(100), limit: .milliseconds(20))
        var failures = 0
        // Usually the branch has not moved since the transaction began. This is checked before anything is written.
        var guess = requests.count == 1 && session.wasFree ? requests[0].baseCommit : nil
        while true {
            let isGuess = guess != nil
            let head =
                try guess.map { ($0, try cache.commit($0, repository)) } ?? head(of: branch, reference, repository)
            guess = nil
            let change = try build(requests, on: branch, head, repository)
            guard let new = change.commits.last?.id else {
                if isGuess { continue }
                return change
            }
            change.series?.note(branch, from: head?.id, to: new)
            let move = WriterSession.Move(change: change, reference: reference, old: head?.id, new: new)
            if try session.commit([move]) {
                packCount += 1
                cache.add(change)
                return change
            }
            if isGuess || reference.removeAbandonedLock() { continue }
            guard ContinuousClock.now < deadline else {
                throw StoreError(
                    .locked, "store: the lock '\(reference.lockPath)' has been held for \(options.lockTimeout)",
                    hint: "if no git process uses the store, `ci store verify --repair` removes it")
            }
            failures += 1
            backoff.pause(after: failures)
        }
    }

    private func head(
        of branch: Branch, _ reference: ReferenceFile, _ repository: GitRepository
    ) throws -> (id: ObjectID, commit: Commit)? {
        guard let id = try reference.read(repository) else {
            if let other = try reference.neighbour(in: repository) {
                throw StoreError(
                    .invalidPath,
                    "branch '\(branch)' cannot exist together with '\(other)': one would be a directory of the other")
            }
            return nil
        }
        return (id, try cache.commit(id, repository))
    }
}
