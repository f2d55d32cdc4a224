internal import Core
internal import Records
package import Store
internal import Synchronization

/// What workers and tasks of a store do, as it changes, whichever process changes it.
///
/// Events arrive until the feed is cancelled or released.
package final class ActivityFeed: Sendable {
    /// Something that has changed.
    package enum Event: Sendable {
        /// The workers as they are now.
        case workers([WorkerSummary])
        /// The tasks as they are now.
        case tasks([TaskSummary])
    }

    private let watches: [EphemeralWatch]
    private let branches: BranchWatch

    /// Calls `body` with the state now, and then with every other one.
    ///
    /// - Parameter body: called from any thread.
    package init(of store: Store, _ body: @escaping @Sendable (Event) -> Void) {
        watches = [DispatchValues.workers, DispatchValues.assignments, DispatchValues.progress].map { prefix in
            store.ephemeral.watch(below: prefix) { _ in
                // What cannot be read now is read with the next change.
                if let workers = try? WorkerSummary.all(in: store) { body(.workers(workers)) }
            }
        }
        branches = store.watchBranches(prefix: SubmittedTask.prefix) {
            if let tasks = try? TaskSummary.all(in: store) { body(.tasks(tasks)) }
        }
    }

    /// Ends the feed. A call of the body that is under way ends by itself.
    package func cancel() {
        for watch in watches { watch.cancel() }
        branches.cancel()
    }

    deinit { cancel() }
}
