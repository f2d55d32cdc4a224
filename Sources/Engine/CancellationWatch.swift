internal import Core
internal import Model
internal import Records
internal import Store

/// Detects cells that other processes cancel during a run, by watching the results in the store.
///
/// - SeeAlso: `docs/decisions/0086-cancelled-outcome.md`
final class CancellationWatch: Sendable {
    let cells: AsyncStream<Set<Cell>>
    private let watches: [Watch]

    /// Starts watching. Must be created before the results are read.
    ///
    /// - Parameter series: The commits of the run itself, which cancel nothing.
    /// - Throws: `StoreError`.
    init(store: Store, plan: Plan, except series: CommitSeries) throws {
        let (stream, continuation) = AsyncStream.makeStream(of: Set<Cell>.self)
        cells = stream
        watches = try Set(plan.targets.map(\.name)).sorted().map { target in
            let branch = try Branch(ResultBranch(deployment: plan.deployment, target: target).name)
            return store.watch(branch, from: try store.snapshot(branch).commit, excluding: series) { event in
                let cancelled = try Self.cancelled(in: event)
                if !cancelled.isEmpty { continuation.yield(cancelled) }
            }
        }
    }

    func stop() {
        for watch in watches { watch.cancel() }
    }

    private static func cancelled(in event: WatchEvent) throws -> Set<Cell> {
        var cells: Set<Cell> = []
        for change in event.changes where change.new != nil && change.path.components.first != "index" {
            let result = try event.snapshot.value(CellResult.self, at: change.path)
            if let result, result.outcome == .cancelled { cells.insert(result.cell) }
        }
        return cells
    }
}
