internal import Core
internal import Foundation
internal import Model
internal import Records
internal import RunnerInterface
internal import Scheduler
internal import Store

/// The state of a run.
struct RunState {
    typealias Action = Dispatcher.Action

    /// An active assignment.
    struct Active {
        var token: UInt64
        var seat: Int
        var worker: String
        /// The name of the request, and the bundle that contains it.
        var request: Digest
        var bundle: Digest?
        /// When this dispatcher assigned the job, in seconds since 1970; nil if another one did.
        var assignedAt: Int?
        /// Whether the observer was informed of the job's start.
        var hasBegun = false
        var step: JobStep?
    }

    let run: PlanRun
    let inputs: AsyncStream<RunInput>.Continuation
    var dispatch: RunDispatch
    var seats: WorkerSeats
    var isCancelled = false
    var isDraining = false
    /// Whether a job ended without a result because of the interruption.
    var hasReturnedJobs = false
    /// Whether the recording of the results that need no execution has begun.
    var hasWrittenSettled = false
    /// The number of results being recorded.
    var writing = 0
    /// The number of jobs whose results are recorded but whose reports must still be kept.
    var unpublished = 0
    /// The results of the jobs that this run has settled.
    var results: [Digest: CellResult] = [:]
    var layers: [Digest: Digest] = [:]
    var inputLayers: InputLayers
    /// The jobs whose results are being recorded.
    var recording: Set<Digest> = []
    /// The last seen versions of the workers' progress.
    var seen: [StorePath: UInt64] = [:]
    /// Tasks that wait until no worker holds a job any more.
    var waits: [Digest: Task<Void, Never>] = [:]
    /// The active assignments.
    var active: [Digest: Active] = [:]
    /// Ended assignments whose results are not recorded yet, by token.
    var completed: [UInt64: Completion] = [:]
    /// The tokens of the reports that were read.
    var read: Set<UInt64> = []
    /// The targets whose jobs wait because no worker takes them, as the observer was told.
    var unservedTargets: Set<String> = []
    /// The seats of workers that had ended before the run began and left reports.
    var goneSeats: [Int] = []
    var cancelledCells: Set<Cell> = []
    var failedAttempts: [Digest: [CellResult.FailedAttempt]] = [:]
    /// The jobs that this run had executed.
    var executed: Set<Digest> = []
    var requests: RequestWriter
    /// The verdicts that are recorded as of the input that is being processed; nil until one is looked up.
    var verdicts: NewVerdicts?
    /// The pending changes of assignments and reports.
    var changes = AssignmentChanges()
    /// The ended assignments whose results are recorded.
    let recordedEnds = BatchQueue<JobEnd>()
    /// The ended assignments whose results are published.
    let publishedEnds = BatchQueue<JobEnd>()
    /// When this run settled jobs.
    var settledAt: [Digest: ContinuousClock.Instant] = [:]
    /// The time in seconds that jobs waited for their start after their inputs were available.
    var queued: [Digest: Double] = [:]
    let clock = ContinuousClock()
    let began: ContinuousClock.Instant

    /// How an assignment ended.
    enum Completion: Sendable {
        case report(ExecutionReport)
        /// The job could not be assigned.
        case failure(String)
        /// A result recorded by another run.
        case adopted(CellResult, isOwn: Bool)
    }

    init(run: PlanRun, inputs: AsyncStream<RunInput>.Continuation, epoch: UInt32) {
        self.run = run
        self.inputs = inputs
        dispatch = RunDispatch(
            run.worklist, epoch: epoch, backoff: run.backoff, stall: run.coordination.stall)
        seats = WorkerSeats(run.plan)
        requests = RequestWriter(run.coordination.blobs, run.plan, files: run.files)
        began = clock.now
        inputLayers = run.worklist.layers
        for (id, result) in run.worklist.known { layers[id] = result.layer }
    }

    var values: DispatchValues { run.coordination.values }
    var deployment: String { run.plan.deployment }
    var now: Duration { began.duration(to: clock.now) }

    /// Whether the run can end: every job is settled or the run is interrupted, no relevant job is running, and all
    /// results are recorded.
    var isFinished: Bool {
        guard hasWrittenSettled, writing == 0, unpublished == 0 || isInterrupted else { return false }
        if isCancelled {
            // Jobs of workers in other processes continue, and another dispatcher adopts them.
            return !active.values.contains { $0.worker == run.coordination.local?.id }
        }
        return dispatch.dispatcher.isFinished || isDraining && dispatch.dispatcher.workers.assigned == 0
    }

    /// Whether no further jobs start.
    var isInterrupted: Bool { isCancelled || isDraining }

    /// Whether the run was interrupted before all jobs were done.
    var isCutShort: Bool { isCancelled || isDraining && (hasReturnedJobs || !dispatch.dispatcher.isFinished) }

    /// Takes over from a previous dispatcher and submits the jobs.
    mutating func start() async throws {
        let adoptions = try takeOver()
        try await makeChanges()
        await reportMissingLabels()
        try await perform(dispatch.start(adoptions))
        for (id, holder) in active.sorted(by: { $0.value.token < $1.value.token }) where holder.hasBegun {
            active[id]?.hasBegun = false
            try await begin(id)
        }
        try await take(reports: values.values.values(below: DispatchValues.reports))
        for seat in goneSeats { try await perform(dispatch.handle(.worker(.lost(seat)))) }
        try await makeChanges()
        verdicts = nil
        await reportMissingWorkers()
        writeSettledIfJobsRun()
    }

    mutating func take(_ input: RunInput) async throws {
        try await handle(input)
        try await makeChanges()
        verdicts = nil
        switch input {
        case .time:
            await reportMissingWorkers()
            writeSettled()
        case .drain, .stop: writeSettled()
        default: writeSettledIfJobsRun()
        }
    }

    /// The verdict on a job that was recorded since the run began, and whether this deployment has recorded it.
    mutating func recordedVerdict(onJob id: Digest) throws -> (result: CellResult, isOwn: Bool)? {
        if verdicts == nil { verdicts = try run.verdicts() }
        return try verdicts?.verdict(onJob: id)
    }

    private mutating func handle(_ input: RunInput) async throws {
        switch input {
        case .values(let prefix, let newest):
            guard let state = newest.take() else { return }
            switch prefix {
            case DispatchValues.workers: try await take(workers: state)
            case DispatchValues.progress: try await take(progress: state)
            default: try await take(reports: state)
            }
        case .local(let event): try await take(event)
        case .time: try await perform(dispatch.handle(.clock(at: now)))
        case .given(let cells):
            cancelledCells.formUnion(cells)
            try await perform(dispatch.cancel(unneeded()))
        case .free(let id):
            waits[id] = nil
            guard let job = dispatch.jobs.number(of: id) else { return }
            try await perform(dispatch.handle(.free(job)))
        case .drain, .stop: try await interrupt(input)
        case .settled: writing -= 1
        case .recorded:
            for end in recordedEnds.take() {
                writing -= 1
                try await finish(end)
            }
        case .published:
            for end in publishedEnds.take() {
                unpublished -= 1
                try await conclude(end)
            }
        case .failed(let error): throw error
        }
    }

    private mutating func interrupt(_ input: RunInput) async throws {
        let wasInterrupted = isInterrupted
        if case .stop = input {
            isCancelled = true
            run.coordination.local?.stop()
        } else {
            guard run.drain.isMade else { return }
            isDraining = true
        }
        if !wasInterrupted { try await perform(dispatch.drain()) }
    }

    /// The jobs needed only by cancelled cells.
    private func unneeded() -> Set<Digest> {
        var needed: Set<Digest> = []
        let decided = run.worklist.cellsDecided
        var open = decided.jobs.filter { !(decided[$0] ?? []).allSatisfy { cancelledCells.contains($0.cell) } }
        while let id = open.popLast() {
            guard needed.insert(id).inserted else { continue }
            open += run.plan.jobs[id]?.inputs ?? []
        }
        return Set(run.worklist.nodes.map(\.id)).subtracting(needed)
    }
}
