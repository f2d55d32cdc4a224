package import Model
internal import Records
internal import Store
internal import Synchronization

/// Reports the results of a deployment's cells when any process records them.
///
/// Events arrive until the feed is cancelled or released.
package final class ResultFeed: Sendable {
    private let watches: Mutex<[Watch]>

    /// Calls `body` for each result recorded from now on, in the order of the commits of each target.
    ///
    /// - Parameter body: Called sequentially for each target. If it throws, the feed of that target ends.
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

    /// Ends the feed. Does not wait for a running call of the body.
    package func cancel() {
        for watch in watches.withLock({ $0 }) { watch.cancel() }
    }

    deinit { cancel() }
}
