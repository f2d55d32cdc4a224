package import Core
internal import Foundation
package import Model
package import RunnerInterface

/// Carries out a worklist: runs what the scheduler says, records every verdict, tells the observer.
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
    /// Runs the jobs.
    package let runner: any JobRunner
    /// How many jobs run at once.
    package let slots: Int
    /// The pause before a job whose infrastructure failed is run again; doubled for each further attempt.
    package let backoff: Duration
    /// The files of a job's package, by their digest.
    package let files: @Sendable (Digest) throws -> PackageFiles
    /// Records a result durably.
    package let record: @Sendable (Entry) throws -> Void
    /// Receives what happens, in order.
    package let observe: @Sendable (RunEvent) async -> Void
    /// Ends the run early: what runs finishes, nothing further starts.
    package let drain: DrainRequest
    /// Cells that are cancelled while the run goes on; they get no verdict of this run.
    package let cancellations: AsyncStream<Set<Cell>>?
    /// Keeps a job from running twice at once; nil where no other run can be at work.
    package let claims: JobClaims?
    /// The verdict on a job that is recorded by now, and whether this deployment has recorded it.
    package let recorded: @Sendable (Digest) throws -> (result: CellResult, isOwn: Bool)?

    package init(
        plan: Plan, worklist: RunWorklist, runner: any JobRunner, slots: Int, backoff: Duration = .seconds(2),
        files: @escaping @Sendable (Digest) throws -> PackageFiles, record: @escaping @Sendable (Entry) throws -> Void,
        observe: @escaping @Sendable (RunEvent) async -> Void, drain: DrainRequest = DrainRequest(),
        cancellations: AsyncStream<Set<Cell>>? = nil,
        claims: JobClaims? = nil,
        recorded: @escaping @Sendable (Digest) throws -> (result: CellResult, isOwn: Bool)? = { _ in nil }
    ) {
        self.drain = drain
        self.cancellations = cancellations
        self.plan = plan
        self.worklist = worklist
        self.runner = runner
        self.slots = slots
        self.backoff = backoff
        self.files = files
        self.record = record
        self.observe = observe
        self.claims = claims
        self.recorded = recorded
    }

    /// Runs until every job is settled, the run is drained, or the task is cancelled; then what runs is stopped and waited for.
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
        var state = RunState(run: self)
        try await withThrowingTaskGroup(of: RunInput.self) { group in
            state.awaitCancellations(in: &group)
            state.awaitDrain(in: &group)
            try await state.start(in: &group)
            // Nothing waits for these, and there may be thousands.
            group.addTask { try await recordSettled() }
            while !state.isFinished, let input = try await group.next() {
                try await state.take(input, in: &group)
            }
            group.cancelAll()
        }
        if state.isCutShort { throw CancellationError() }
        return state.results
    }

    /// Records the verdicts that need no run, until the task is cancelled.
    private func recordSettled() async throws -> RunInput {
        for result in worklist.settled {
            if Task.isCancelled { break }
            try await put(result, at: ResultPath.cell(result.cell))
        }
        return .settled
    }

    func put(_ result: CellResult, at path: String) async throws {
        try record(Entry(path: path, result: result))
        await observe(.recorded(result))
    }
}

/// What a run waits for.
enum RunInput: Sendable {
    case completed(Digest, token: UInt64, Completion)
    /// No run claims the job any more.
    case free(Digest)
    case time
    case given(up: Set<Cell>)
    /// No further job is to start.
    case drain
    /// The verdicts that need no run are recorded.
    case settled

    /// How an assignment ended.
    enum Completion: Sendable {
        case report(JobReport)
        /// The verdict that another run recorded.
        case adopted(CellResult, isOwn: Bool)
    }
}
