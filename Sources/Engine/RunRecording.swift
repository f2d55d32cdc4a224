internal import Core
internal import Foundation
internal import Model
internal import Records
internal import Store
internal import Synchronization

/// Records a run and its results in the store, and counts them.
final class RunRecording: Sendable {
    private let plan: Plan
    private let runs: RunRecords
    private let record: RunRecord
    private let recorder: ResultRecorder
    /// The changes of the cells whose results the run has recorded.
    private let changes = Mutex<[Cell: ResultChange]>([:])

    /// Records the beginning of the run.
    ///
    /// - Parameters:
    ///   - owner: The run counts as running until this owner leaves.
    ///   - commits: Where the commits with results are noted.
    /// - Throws: `StoreError`, `Conflict`.
    init(of run: DeploymentRun, owner: EphemeralOwner, commits: CommitSeries) throws {
        plan = run.plan
        runs = RunRecords(of: run.plan.deployment, in: run.store)
        record = try runs.begin(
            trigger: run.trigger, selectors: run.selectors, targets: Set(run.plan.targets.map(\.name)),
            at: Int(Date().timeIntervalSince1970), owner: owner)
        recorder = ResultRecorder(run.plan, in: run.store, run: record, commits: commits)
    }

    /// The number of the run.
    var number: Int { record.number }

    /// Records a result durably.
    ///
    /// - Throws: `StoreError`, `Conflict`.
    func record(_ entry: PlanRun.Entry) async throws {
        guard let recorded = try await recorder.record(entry.result, at: entry.path) else { return }
        if let change = recorded.change { changes.withLock { $0[recorded.cell] = change } }
    }

    /// Records the end of the run.
    ///
    /// - Parameter results: The results after the run.
    /// - Throws: `StoreError`, `Conflict`.
    func finish(_ results: RecordedResults) throws {
        var ended = ended(.finished)
        ended.cells = Dictionary(plan.cells.map { (state(of: $0, results), 1) }, uniquingKeysWith: +)
        try runs.end(ended, targets: Set(plan.targets.map(\.name)))
    }

    /// Records that an error has ended the run. If that fails, the record counts as interrupted.
    func end(after error: any Error) {
        let isInterrupted = error is CancellationError
        try? runs.end(ended(isInterrupted ? .interrupted : .failed), targets: Set(plan.targets.map(\.name)))
    }

    private func ended(_ ending: RunRecord.Ending) -> RunRecord {
        var ended = record
        ended.end = Int(Date().timeIntervalSince1970)
        ended.ending = ending
        ended.changes = changes.withLock { changes in
            Dictionary(changes.values.map { ($0.rawValue, 1) }, uniquingKeysWith: +)
        }
        return ended
    }

    private func state(of cell: PlannedCell, _ results: RecordedResults) -> String {
        if case .excluded = cell.basis { return "excluded" }
        if let result = results.result(of: cell.cell), cell.isDecided(by: result) { return result.outcome.rawValue }
        if case .unsolvable = cell.basis { return Outcome.unsolvable.rawValue }
        return "pending"
    }
}
