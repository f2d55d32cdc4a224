internal import Core
internal import Records
package import Store
internal import Synchronization

/// Reports changes of the workers and tasks of a store, made by any process.
///
/// Events arrive until the feed is cancelled or released.
package final class ActivityFeed: Sendable {
    /// A change.
    package enum Event: Sendable {
        /// The current workers.
        case workers([WorkerSummary])
        /// The current tasks.
        case tasks([TaskSummary])
    }

    private let watches: [EphemeralWatch]
    private let branches: BranchWatch

    /// Calls `body` with the current state, and then with every new one.
    ///
    /// - Parameter body: Called from any thread.
    package init(of store: Store, _ body: @escaping @Sendable (Event) -> Void) {
        watches = [DispatchValues.workers, DispatchValues.assignments, DispatchValues.progress].map { prefix in
            store.ephemeral.watch(below: prefix) { _ in
                // If reading fails, the next change reports the state.
                if let workers = try? WorkerSummary.all(in: store) { body(.workers(workers)) }
            }
        }
        branches = store.watchBranches(prefix: SubmittedTask.prefix) {
            if let tasks = try? TaskSummary.all(in: store) { body(.tasks(tasks)) }
        }
    }

    /// Ends the feed. Does not wait for a running call of the body.
    package func cancel() {
        for watch in watches { watch.cancel() }
        branches.cancel()
    }

    deinit { cancel() }
}
