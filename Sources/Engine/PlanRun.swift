internal import Agent
package import Core
internal import Foundation
package import Model
package import Records
internal import Store
internal import System

/// Runs the jobs of a worklist: assigns them to workers as the scheduler decides, records every result, and informs the
/// observer.
///
/// A result is recorded before any job that depends on it starts and before the observer learns of it, so no reported
/// result is ever lost.
package struct PlanRun: Sendable {
    /// A result and the path of its document.
    package struct Entry: Sendable {
        /// The path of the document on the branch of results.
        package var path: String
        /// The result to record.
        package var result: CellResult
    }

    /// The plan to run.
    package let plan: Plan
    /// The jobs to run.
    package let worklist: RunWorklist
    /// The services through which the run communicates with workers.
    package let coordination: RunCoordination
    /// Whether a layer is available.
    package let holds: @Sendable (Digest) -> Bool
    /// The pause before a job is retried after an infrastructure failure; doubled for each further attempt.
    package let backoff: Duration
    /// Loads the files of a job's package by their digest.
    package let files: @Sendable (Digest) throws -> PackageFiles
    /// Records a result durably.
    package let record: @Sendable (Entry) async throws -> Void
    /// Receives the events in order.
    package let observe: @Sendable (RunEvent) async -> Void
    /// A request to end the run early: running jobs finish and no others start.
    package let drain: DrainRequest
    /// Cells that are cancelled during the run, which then get no result from it.
    package let cancellations: AsyncStream<Set<Cell>>?
    /// Waits until recorded results are durable, so that their reports may be deleted; nil if recording suffices. An
    /// error ends the run.
    package let published: (@Sendable () async throws -> Void)?
    /// Looks at the verdicts that are recorded by now; nil if nobody else records any.
    package let verdicts: @Sendable () throws -> NewVerdicts?

    package init(
        plan: Plan, worklist: RunWorklist, coordination: RunCoordination,
        holds: @escaping @Sendable (Digest) -> Bool = { _ in true }, backoff: Duration = .seconds(2),
        files: @escaping @Sendable (Digest) throws -> PackageFiles,
        record: @escaping @Sendable (Entry) async throws -> Void,
        observe: @escaping @Sendable (RunEvent) async -> Void, drain: DrainRequest = DrainRequest(),
        cancellations: AsyncStream<Set<Cell>>? = nil, published: (@Sendable () async throws -> Void)? = nil,
        verdicts: @escaping @Sendable () throws -> NewVerdicts? = { nil }
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
        self.verdicts = verdicts
    }

    /// Runs until every job is settled, the run is drained, or the task is cancelled. Then stops the running jobs of
    /// this process and waits for them.
    ///
    /// - Returns: The results of the jobs that have one now.
    /// - Throws: Any error of `record`; `CancellationError` if cancelled, or if drained before every job was settled.
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
        // Continues after cancellation until the results of ended jobs are recorded.
        let work = Task(executorPreference: coordination.values.executor("dispatcher")) {
            try await dispatch(stream, inputs)
        }
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
        // The worker may begin a job before `start` returns.
        coordination.local?.forward { inputs.yield(.local($0)) }
        defer { coordination.local?.forward(to: nil) }
        try await state.start()
        let watches = [DispatchValues.workers, DispatchValues.progress, DispatchValues.reports].map { prefix in
            let newest = NewestState()
            return coordination.values.values.watch(below: prefix) {
                if newest.replace(with: $0) { inputs.yield(.values(prefix, newest)) }
            }
        }
        defer { for watch in watches { watch.cancel() } }
        defer { for wait in state.waits.values { wait.cancel() } }
        for await input in stream {
            try await state.take(input)
            if state.isFinished { break }
        }
        if state.isCutShort { throw CancellationError() }
        return state.results
    }

    /// Starts the tasks that produce inputs from sources other than ephemeral values.
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

/// An input of the run's event loop.
enum RunInput: Sendable {
    /// The ephemeral values below a path have changed.
    case values(StorePath, NewestState)
    /// An event of this process's worker.
    case local(WorkerAgent.Event)
    /// No worker holds the job any more.
    case free(Digest)
    case time
    case given(up: Set<Cell>)
    /// No further job may start.
    case drain
    /// The run is interrupted.
    case stop
    /// The results that need no execution are recorded.
    case settled
    /// Results of jobs are recorded.
    case recorded
    /// Results of jobs are durable, so that their reports may be deleted.
    case published
    /// Recording failed.
    case failed(any Error)
}
