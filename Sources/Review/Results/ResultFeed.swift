package import Model
internal import Records
internal import Store
internal import Synchronization

/// The verdicts on a deployment's cells as they are recorded, whichever process records them.
///
/// Events arrive until the feed is cancelled or released.
package final class ResultFeed: Sendable {
    private let watches: Mutex<[Watch]>

    /// Calls `body` for each verdict recorded from now on, in the order of the commits of each target.
    ///
    /// - Parameter body: called one at a time for each target; an error that it throws ends the feed of that target.
    /// - Throws: `StoreError`.
    package init(of results: DeploymentResults, _ body: @escaping @Sendable (CellResult) throws -> Void) throws {
        let targets = Set(results.header.targets.map(\.name)).sorted()
        let branches = try targets.map { target in
            try Branch(ResultBranch(deployment: results.header.deployment, target: target).name)
        }
        let started = branches.map { branch in
            results.store.watch(branch, mode: .audit) { event in
                guard !event.isInitial else { return }
                for change in event.changes where change.new != nil && change.path.components.first != "index" {
                    if let result = try event.snapshot.value(CellResult.self, at: change.path) { try body(result) }
                }
            }
        }
        watches = Mutex(started)
    }

    /// Ends the feed. A call of the body that is under way ends by itself.
    package func cancel() {
        for watch in watches.withLock({ $0 }) { watch.cancel() }
    }

    deinit { cancel() }
}
