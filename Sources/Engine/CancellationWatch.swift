internal import Core
internal import Model
internal import Records
internal import Store

/// Tells which cells are cancelled by other processes while a run goes on: their verdicts appear in the store.
final class CancellationWatch: Sendable {
    let cells: AsyncStream<Set<Cell>>
    private let watches: [Watch]

    /// Begins now: to be made before the results are read.
    ///
    /// - Throws: what the store throws.
    init(store: Store, plan: Plan) throws {
        let (stream, tell) = AsyncStream.makeStream(of: Set<Cell>.self)
        cells = stream
        watches = try Set(plan.targets.map(\.name)).sorted().map { target in
            let branch = try Branch(ResultBranch(deployment: plan.deployment, target: target).name)
            return store.watch(branch, from: try store.snapshot(branch).commit) { event in
                let cancelled = try Self.cancelled(in: event)
                if !cancelled.isEmpty { tell.yield(cancelled) }
            }
        }
    }

    func stop() {
        for watch in watches { watch.cancel() }
    }

    private static func cancelled(in event: WatchEvent) throws -> Set<Cell> {
        var cells: Set<Cell> = []
        for change in event.changes where change.new != nil && change.path.components.first != "index" {
            guard let bytes = try event.snapshot.bytes(at: change.path) else { continue }
            let result = try CellResult.read(bytes) ?? event.snapshot.value(CellResult.self, at: change.path)
            if let result, result.outcome == .cancelled { cells.insert(result.cell) }
        }
        return cells
    }
}
