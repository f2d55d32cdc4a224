internal import Git

/// Calls a handler when branches with a prefix are created, deleted or moved by any process.
public final class BranchWatch: Sendable {
    private let store: Store
    private let delivery: StateDelivery<[String: ObjectID?]>
    private let token: UInt64

    fileprivate init(_ store: Store, prefix: String, handler: @escaping @Sendable () -> Void) {
        self.store = store
        // If the state cannot be read now, it is read at the next event.
        delivery = StateDelivery(
            reading: { [weak store] in
                guard let store, let branches = try? store.branches(prefix: prefix) else { return nil }
                return Dictionary(
                    branches.map { ($0.name, try? store.snapshot($0).commit) }, uniquingKeysWith: { first, _ in first })
            }, to: { _ in handler() })
        token = store.events.listen(delivery.schedule)
        delivery.schedule()
    }

    deinit { cancel() }

    /// Ends the watch.
    public func cancel() {
        delivery.end()
        store.events.removeListener(token)
    }
}

extension Store {
    /// Calls `handler` soon, and then whenever branches with the prefix `prefix` are created, deleted or moved.
    ///
    /// - Returns: the watch; it ends when it is cancelled or released.
    public func watchBranches(prefix: String, handler: @escaping @Sendable () -> Void) -> BranchWatch {
        BranchWatch(self, prefix: prefix, handler: handler)
    }
}
