internal import Agent
package import Core
internal import Foundation
package import Model
internal import Records
internal import Store
internal import System

/// Carries out a worklist: has workers run what the scheduler says, records every verdict, tells the observer.
///
/// Verdicts are recorded before anything that waits for them is started: what was told is never lost.
package struct PlanRun: Sendable {
    /// A verdict, and where its document lies.
    package struct Entry: Sendable {
        /// The path of the document on the branch of results.
        package var path: String
        /// The result to record.
        package var result: CellResult
    }

    /// The plan that is carried out.
    package let plan: Plan
    /// The jobs that are to be run.
    package let worklist: RunWorklist
    /// How the run and the workers meet.
    package let coordination: RunCoordination
    /// Whether a layer is there to build over.
    package let holds: @Sendable (Digest) -> Bool
    /// The pause before a job whose infrastructure failed is run again; doubled for each further attempt.
    package let backoff: Duration
    /// The files of a job's package, by their digest.
    package let files: @Sendable (Digest) throws -> PackageFiles
    /// Records a result durably.
    package let record: @Sendable (Entry) async throws -> Void
    /// Receives what happens, in order.
    package let observe: @Sendable (RunEvent) async -> Void
    /// Ends the run early: what runs finishes, nothing further starts.
    package let drain: DrainRequest
    /// Cells that are cancelled while the run goes on; they get no verdict of this run.
    package let cancellations: AsyncStream<Set<Cell>>?
    /// Returns when what was recorded is where a report may be dropped for it; nil: where it was recorded.
    package let published: (@Sendable () async -> Void)?
    /// The verdict on a job that is recorded by now, and whether this deployment has recorded it.
    package let recorded: @Sendable (Digest) throws -> (result: CellResult, isOwn: Bool)?

    package init(
        plan: Plan, worklist: RunWorklist, coordination: RunCoordination,
        holds: @escaping @Sendable (Digest) -> Bool = { _ in true }, backoff: Duration = .seconds(2),
        files: @escaping @Sendable (Digest) throws -> PackageFiles,
        record: @escaping @Sendable (Entry) async throws -> Void,
        observe: @escaping @Sendable (RunEvent) async -> Void, drain: DrainRequest = DrainRequest(),
        cancellations: AsyncStream<Set<Cell>>? = nil, published: (@Sendable () async -> Void)? = nil,
        recorded: @escaping @Sendable (Digest) throws -> (result: CellResult, isOwn: Bool)? = { _ in nil }
    ) {
        self.plan = plan
        self.worklist = worklist
        self.coordination = coordination
        self.holds = holds
        self.backoff = backoff
        self.files = files
        self.record = record
        self.observe = observe
        self.drain = drain
        self.cancellations = cancellations
        self.published = published
        self.recorded = recorded
    }

    /// Runs until every job is settled, the run is drained, or the task is cancelled; then what runs in this process is stopped
    /// and waited for.
    ///
    /// - Returns: the jobs that have a result now, each with it.
    /// - Throws: what `record` throws; `CancellationError` when cancelled, and when drained before every job was settled.
    @discardableResult
    package func run() async throws -> [Digest: CellResult] {
        await observe(.planned(cells: worklist.cells, jobs: worklist.nodes.count, done: worklist.known.count))
        let failures = worklist.blocked.compactMap { id, cells in
            plan.jobs[id].map { (package: $0.package, cells: cells) }
        }
        if !failures.isEmpty {
            await observe(.knownFailures(failures.sorted { ($1.cells, $0.package) < ($0.cells, $1.package) }))
        }
        let (stream, inputs) = AsyncStream.makeStream(of: RunInput.self)
        // Goes on when the task is cancelled, until what has ended is recorded.
        let work = Task { try await dispatch(stream, inputs) }
        return try await withTaskCancellationHandler {
            try await work.value
        } onCancel: {
            inputs.yield(.stop)
        }
    }

    private func dispatch(
        _ stream: AsyncStream<RunInput>, _ inputs: AsyncStream<RunInput>.Continuation
    ) async throws -> [Digest: CellResult] {
        var state = RunState(run: self, inputs: inputs, epoch: try coordination.leadership.nextEpoch())
        let sources = sources(of: inputs)
        defer { for source in sources { source.cancel() } }
        try await state.start()
        let watches = [DispatchValues.workers, DispatchValues.progress, DispatchValues.reports].map { prefix in
            let newest = NewestState()
            return coordination.values.values.watch(below: prefix) {
                if newest.replace(with: $0) { inputs.yield(.values(prefix, newest)) }
            }
        }
        defer { for watch in watches { watch.cancel() } }
        coordination.local?.forward { inputs.yield(.local($0)) }
        defer { coordination.local?.forward(to: nil) }
        defer { for wait in state.waits.values { wait.cancel() } }
        for await input in stream {
            try await state.take(input)
            if state.isFinished { break }
        }
        if state.isCutShort { throw CancellationError() }
        return state.results
    }

    /// The tasks that say when something else than a value changes.
    private func sources(of inputs: AsyncStream<RunInput>.Continuation) -> [Task<Void, Never>] {
        [
            Task {
                await drain.wait()
                inputs.yield(.drain)
            },
            Task {
                guard let cancellations else { return }
                for await cells in cancellations { inputs.yield(.given(up: cells)) }
            },
            Task {
                while !Task.isCancelled {
                    try? await Task.sleep(for: min(.seconds(5), coordination.stall.after / 4))
                    let isLost = await BlockingWork.run { [leadership = coordination.leadership] in leadership.isLost }
                    if isLost { inputs.yield(.failed(coordination.leadership.lost)) }
                    inputs.yield(.time)
                }
            },
        ]
    }
}

/// What a run waits for.
enum RunInput: Sendable {
    /// The values below a path.
    case values(StorePath, NewestState)
    /// What the worker in this process does.
    case local(WorkerAgent.Event)
    /// No worker has the job any more.
    case free(Digest)
    case time
    case given(up: Set<Cell>)
    /// No further job is to start.
    case drain
    /// The run is interrupted.
    case stop
    /// Verdicts that need no run are recorded.
    case settled
    /// Results of jobs are recorded.
    case recorded
    /// Results of jobs are where their reports may be dropped for them.
    case published
    /// Something cannot be recorded.
    case failed(any Error)
}
