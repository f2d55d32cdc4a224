internal import Dispatch
internal import Git
internal import Synchronization

/// Calls a handler when branches whose names begin with a prefix appear, go or lead elsewhere, whichever process changes them.
public final class BranchWatch: Sendable {
    private struct State {
        var heads: [String: ObjectID?]?
        var isCancelled = false
        var isScheduled = false
    }

    private let store: Store
    private let prefix: String
    private let handler: @Sendable () -> Void
    private let queue = DispatchQueue(label: "store.branches")
    private let state = Mutex(State())
    private let token = Mutex<UInt64?>(nil)

    fileprivate init(_ store: Store, prefix: String, handler: @escaping @Sendable () -> Void) {
        self.store = store
        self.prefix = prefix
        self.handler = handler
        let listening = store.events.listen { [weak self] in self?.schedule() }
        token.withLock { $0 = listening }
        schedule()
    }

    deinit { cancel() }

    /// Ends the watch.
    public func cancel() {
        state.withLock { $0.isCancelled = true }
        let listening = token.withLock { token in
            defer { token = nil }
            return token
        }
        if let listening { store.events.removeListener(listening) }
    }

    private func schedule() {
        let isNew = state.withLock { state in
            defer { state.isScheduled = true }
            return !state.isScheduled && !state.isCancelled
        }
        guard isNew else { return }
        queue.async { [weak self] in self?.look() }
    }

    private func look() {
        state.withLock { $0.isScheduled = false }
        // What cannot be read now is read at the next event.
        guard let branches = try? store.branches(prefix: prefix) else { return }
        let heads = Dictionary(
            branches.map { ($0.name, try? store.snapshot($0).commit) }, uniquingKeysWith: { first, _ in first })
        let isNews = state.withLock { state in
            defer { state.heads = heads }
            return !state.isCancelled && state.heads != heads
        }
        if isNews { handler() }
    }
}

extension Store {
    /// Calls `handler` soon, and then whenever branches whose names begin with `prefix` appear, go or lead elsewhere.
    ///
    /// - Returns: the watch; it ends when it is cancelled or released.
    public func watchBranches(prefix: String, handler: @escaping @Sendable () -> Void) -> BranchWatch {
        BranchWatch(self, prefix: prefix, handler: handler)
    }
}
