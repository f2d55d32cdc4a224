internal import Dispatch
public import Git
internal import Glibc
internal import Synchronization
internal import System

/// An event of a watch: all changes below its prefix by one or several commits.
public struct WatchEvent: Sendable {
    /// A document that has changed since the last event.
    public struct Change: Hashable, Sendable {
        /// The document that changed.
        public let path: StorePath
        /// The id of the previous contents; nil if the document was absent.
        public let old: ObjectID?
        /// The id of the new contents; nil if it was removed.
        public let new: ObjectID?
    }

    /// Whether this is the first event, which has the initial state.
    public let isInitial: Bool
    /// The branch after the changes. Its commit is the point to resume from.
    public let snapshot: Snapshot
    /// The changes in order of paths; empty only in an initial event.
    public let changes: [Change]
}

/// Notifies a handler of the changes of a branch below a prefix, until it is cancelled or released.
///
/// Guarantees: *Initial*: the first event has the current state, or the changes since the commit to resume from.
/// *Ordered*: events come in the order of commits. *Unique*: an unchanged value causes no event. *Atomic*: the changes
/// of one transaction come in one event. *Resumable*: from the commit of the last event nothing is missed, even after a
/// restart. After a handler has thrown, it may receive the event again, which it must tolerate.
public final class Watch: Sendable {
    /// Which commits between two checks are delivered.
    public enum Mode: Sendable {
        /// The newest state; intermediate commits may be skipped.
        case state
        /// Every commit as a separate event.
        case audit
    }

    /// Statistics of a watch.
    public struct Statistics: Sendable, Hashable {
        /// The number of delivered events.
        public var events = 0
        /// The number of times the handler threw.
        public var failures = 0
        /// The description of the last error.
        public var lastFailure: String?
    }

    private struct State {
        var seen: ObjectID?
        /// The number of the excluded series that `seen` belongs to.
        var series: Int?
        var isStarted = false
        var isCancelled = false
        var isScheduled = false
        var statistics = Statistics()
        var failuresInARow = 0
    }

    private let store: Store
    private let branch: Branch
    private let prefix: StorePath?
    private let mode: Mode
    private let excluded: CommitSeries?
    private let handler: @Sendable (WatchEvent) throws -> Void
    private let queue = DispatchQueue(label: "store.watch")
    private let rate = DeliveryRate()
    private let state: Mutex<State>
    private let token = Mutex<UInt64?>(nil)

    init(
        store: Store, branch: Branch, prefix: StorePath?, mode: Mode, from commit: ObjectID?,
        excluding series: CommitSeries?,
        handler: @escaping @Sendable (WatchEvent) throws -> Void
    ) {
        self.store = store
        self.branch = branch
        self.prefix = prefix
        self.mode = mode
        excluded = series
        self.handler = handler
        state = Mutex(State(seen: commit))
        let listening = store.events.listen { [weak self] in self?.schedule() }
        token.withLock { $0 = listening }
        schedule()
    }

    deinit { cancel() }

    /// Ends the watch without waiting for a running handler; no further handler is called.
    public func cancel() {
        state.withLock { $0.isCancelled = true }
        if let listening = token.withLock({ token in
            defer { token = nil }
            return token
        }) {
            store.events.removeListener(listening)
        }
    }

    /// The statistics so far.
    public var statistics: Statistics { state.withLock { $0.statistics } }

    /// How changes by other processes are detected.
    public var changeDetection: ChangeDetection { store.events.changeDetection }

    /// Schedules a check for changes on the watch's own queue.
    private func schedule(after delay: Duration = .zero) {
        let isNew = state.withLock { state in
            defer { state.isScheduled = true }
            return !state.isScheduled && !state.isCancelled
        }
        guard isNew else { return }
        queue.asyncAfter(deadline: .now() + .milliseconds(delay.milliseconds)) { [weak self] in
            guard let self else { return }
            self.rate.pause()
            self.state.withLock { $0.isScheduled = false }
            self.deliver()
        }
    }

    private static let backoff = ExponentialBackoff(.milliseconds(20), limit: .seconds(5))

    private func deliver() {
        do {
            let head = try store.snapshot(branch)
            // Asked after the branch was read: a commit of the series is noted before it is there.
            let series = head.commit.flatMap { excluded?.number(of: branch, endingWith: $0) }
            let (seen, isStarted) = state.withLock { ($0.seen, $0.isStarted) }
            if isStarted, head.commit == seen { return }
            if isOnlyOwn(series) { return state.withLock { $0.seen = head.commit } }
            for step in try steps(from: seen, to: head, isStarted: isStarted) {
                guard !state.withLock({ $0.isCancelled }) else { return }
                try deliver(from: state.withLock { $0.seen }, to: step)
            }
            state.withLock { ($0.series, $0.failuresInARow) = (series, 0) }
        } catch {
            let failures = state.withLock { state in
                state.statistics.failures += 1
                state.statistics.lastFailure = "\(error)"
                state.failuresInARow += 1
                return state.failuresInARow
            }
            schedule(after: Self.backoff.delay(after: failures))
        }
    }

    /// Whether only commits of the excluded series were made since the last delivery.
    private func isOnlyOwn(_ series: Int?) -> Bool {
        series != nil && state.withLock { $0.isStarted && $0.series == series }
    }

    /// The states to deliver, in order.
    private func steps(from seen: ObjectID?, to head: Snapshot, isStarted: Bool) throws -> [Snapshot] {
        guard mode == .audit, let seen, let commit = head.commit else { return [head] }
        let commits = try store.commits(on: commit, after: seen)
        return try (isStarted ? [] : [store.snapshot(at: seen)]) + commits.reversed().map(store.snapshot(at:))
    }

    private func deliver(from seen: ObjectID?, to snapshot: Snapshot) throws {
        let isInitial = state.withLock { !$0.isStarted }
        let changes = try store.changes(from: seen, to: snapshot, below: prefix)
        if isInitial || !changes.isEmpty {
            try handler(WatchEvent(isInitial: isInitial, snapshot: snapshot, changes: changes))
        }
        state.withLock { state in
            if isInitial || !changes.isEmpty { state.statistics.events += 1 }
            state.seen = snapshot.commit
            state.isStarted = true
        }
    }
}

extension Store {
    /// Calls `handler` with the current state of a branch, then with every change by any process.
    ///
    /// - Parameters:
    ///   - prefix: delivers only documents at or below this path; nil for all.
    ///   - commit: the commit to resume from: the first event has the changes since then. If nil, the first event has
    ///     all documents.
    ///   - series: commits that are not delivered if no others were made since the last delivery; nil to deliver all.
    /// - Returns: the watch, which ends when it is cancelled or released.
    public func watch(
        _ branch: Branch, below prefix: StorePath? = nil, mode: Watch.Mode = .state, from commit: ObjectID? = nil,
        excluding series: CommitSeries? = nil, handler: @escaping @Sendable (WatchEvent) throws -> Void
    ) -> Watch {
        Watch(
            store: self, branch: branch, prefix: prefix, mode: mode, from: commit, excluding: series, handler: handler)
    }

    /// The documents below `prefix` that differ between a commit (nil: nothing) and a snapshot, in order of paths.
    ///
    /// - Complexity: Reads only directories that differ.
    public func changes(
        from old: ObjectID?, to new: Snapshot, below prefix: StorePath? = nil
    ) throws -> [WatchEvent.Change] {
        try handles.with { repository in
            func directory(_ tree: ObjectID) throws -> TreeEntry? {
                guard let prefix else { return TreeEntry(name: "", kind: .directory, id: tree) }
                return try repository.entry(at: prefix.description, in: tree)
            }
            let before = try old.flatMap { try directory(repository.commit($0).tree) }
            let after = try directory(new.tree)
            var changes: [WatchEvent.Change] = []
            if let prefix, before?.id != after?.id {
                let (oldFile, newFile) = (before?.file, after?.file)
                if oldFile != nil || newFile != nil {
                    changes.append(WatchEvent.Change(path: prefix, old: oldFile, new: newFile))
                }
            }
            try repository.differences(
                from: before?.directory, to: after?.directory, prefix: prefix?.description ?? ""
            ) { path, old, new in
                changes.append(WatchEvent.Change(path: try StorePath(path), old: old?.id, new: new?.id))
            }
            return changes.sorted { $0.path < $1.path }
        }
    }
}

extension TreeEntry {
    fileprivate var directory: ObjectID? { kind == .directory ? id : nil }
    fileprivate var file: ObjectID? { kind == .directory ? nil : id }
}
