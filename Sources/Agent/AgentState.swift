internal import Core
internal import Foundation
internal import Model
internal import Records
internal import RunnerInterface
internal import Store

/// The state of a worker: its registration and the jobs assigned to it.
struct AgentState {
    /// A job assigned to the worker.
    struct AssignedJob {
        enum Stage {
            case waiting
            case running(Task<Void, Never>)
            /// The job has ended, and its report waits for the dispatcher to record it.
            case reported
        }

        var assignment: JobAssignment
        /// The version of the assignment's ephemeral value.
        var version: UInt64
        var stage = Stage.waiting
        /// Whether the assignment still exists.
        var isWanted = true
        /// The progress published last, and the version of its ephemeral value.
        var progress: JobProgress?
        var progressVersion: UInt64?
        var publishedAt: ContinuousClock.Instant?
        /// The step that has not been published yet.
        var unpublishedStep: JobStep?
        /// A report that could not be written yet.
        var unwritten: [UInt8]?
        var reportedAt: ContinuousClock.Instant?
        /// A newer assignment of the same job, to start when this one has ended.
        var next: (assignment: JobAssignment, version: UInt64)?

        /// Notes the progress published for the job.
        mutating func note(_ progress: JobProgress, version: UInt64) {
            (self.progress, progressVersion, publishedAt, unpublishedStep) = (progress, version, .now, nil)
        }

        var isWaiting: Bool { if case .waiting = stage { true } else { false } }
        var isRunning: Bool { if case .running = stage { true } else { false } }
        var isReported: Bool { if case .reported = stage { true } else { false } }
    }

    let environment: WorkerAgent.Environment
    let owner: EphemeralOwner
    let inputs: AsyncStream<AgentInput>.Continuation
    let observe: @Sendable (WorkerAgent.Event) async -> Void
    let loader: RequestLoader
    /// Executions that have ended.
    let executions = BatchQueue<EndedExecution>()
    var registration: WorkerRegistration
    var held: [Digest: AssignedJob] = [:]
    /// The jobs whose reports are to be written.
    var reporting: [Digest] = []
    /// Whether the worker has paused because its machine lacks something.
    var isShort = false
    var isLeaving = false
    var isStopping = false
    var hasLeft = false
    /// Whether the registration expired while the worker was running, so that its jobs are assigned to others.
    private var isLost = false
    /// The mode that the worker had then; nil if it was leaving.
    private(set) var lostMode: WorkerRegistration.Mode?
    /// How long a leaving worker waits for its reports to be recorded.
    var leavesAt: ContinuousClock.Instant?
    private var tickedAt = ContinuousClock.now

    /// How long a worker keeps its claim on a finished job whose report no dispatcher records.
    static let reportTimeout = Duration.seconds(10)
    /// The number of heartbeats without which a worker registers again.
    static let silentBeats = 6
    /// The minimum interval between published steps of a job.
    static let publishingInterval = Duration.seconds(1)
    /// The maximum number of jobs that are claimed at once.
    static let claimLimit = 90
    /// The maximum number of reports written at once: each may have 8 KB, and etcd accepts 1.5 MB.
    static let reportLimit = 64

    init(
        _ environment: WorkerAgent.Environment, _ registration: WorkerRegistration, owner: EphemeralOwner,
        inputs: AsyncStream<AgentInput>.Continuation, observe: @escaping @Sendable (WorkerAgent.Event) async -> Void
    ) {
        self.environment = environment
        self.registration = registration
        self.owner = owner
        self.inputs = inputs
        self.observe = observe
        loader = RequestLoader(environment.blobs)
    }

    var values: DispatchValues { environment.values }

    mutating func take(_ input: AgentInput) async {
        switch input {
        case .assignments(let newest): if let state = newest.take() { take(assignments: state) }
        case .mode(let state):
            let request = DispatchValues.documents(WorkerModeRequest.self, in: state).values.first
            if let request { await change(to: request.mode) }
        case .step(let job, let attempt, let step): await note(step, of: job, attempt)
        case .progressDue(let job, let attempt): publishProgress(of: job, attempt)
        case .ended: for execution in executions.take() { await end(execution) }
        case .tick:
            let silence = tickedAt.duration(to: .now)
            tickedAt = .now
            beat()
            await endShortage()
            if isUnregistered, !isLost {
                isLost = true
                if !isLeaving { lostMode = isShort ? .ready : registration.mode }
                await stop()
            } else if silence > environment.heartbeat * Self.silentBeats {
                // The process was suspended, and dispatchers may have evicted the worker. They learn that it is alive.
                register()
            }
        case .drain: await change(to: .draining)
        case .stop: await stop()
        }
        await writeReports()
        if isLeaving { returnWaiting(.leaving) } else { await startJobs() }
        await writeReports()
        leaveIfDone()
    }

    // MARK: Shortages

    /// Pauses and returns the jobs that have not started if the machine lacks something: it would fail them all within
    /// seconds, faster than other workers run them. A worker in a run fails them instead, so that the run ends.
    ///
    /// - Returns: Whether jobs can start.
    mutating func checkShortage() async -> Bool {
        guard registration.deployment == nil, let shortage = environment.runner.shortage else { return true }
        (isShort, registration.mode) = (true, .paused)
        register()
        returnWaiting(.leaving)
        await observe(.short(shortage))
        return false
    }

    /// Takes jobs again after a shortage.
    private mutating func endShortage() async {
        guard isShort, environment.runner.shortage == nil else { return }
        await change(to: .ready)
    }

    // MARK: Leaving

    /// Whether the registration has expired, as happens when its lease could not be renewed. False if that cannot be
    /// determined.
    private var isUnregistered: Bool {
        guard let path = try? DispatchValues.worker(owner.id) else { return false }
        return (try? values.values.value(at: path)) == .some(nil)
    }

    private mutating func change(to mode: WorkerRegistration.Mode) async {
        isShort = false
        guard !isLeaving, registration.mode != mode else { return }
        registration.mode = mode
        isLeaving = mode == .draining
        register()
        await observe(.mode(mode))
    }

    /// Registers the worker, or renews its registration.
    func register() {
        _ = try? values.set(registration, at: DispatchValues.worker(owner.id), owner: owner)
    }

    private mutating func stop() async {
        await change(to: .draining)
        isStopping = true
        for case .running(let work) in held.values.map(\.stage) { work.cancel() }
    }

    private mutating func leaveIfDone() {
        guard isLeaving, held.values.allSatisfy(\.isReported) else { return }
        if held.values.allSatisfy({ $0.unwritten == nil && $0.progress == nil }) {
            hasLeft = true
            return
        }
        // Other deployments must not run the jobs before the results are recorded.
        guard let leavesAt else {
            let pause = isStopping ? Duration.milliseconds(200) : .seconds(5)
            leavesAt = .now + pause
            let inputs = inputs
            Task {
                try? await Task.sleep(for: pause + .milliseconds(1))
                inputs.yield(.tick)
            }
            return
        }
        hasLeft = leavesAt <= .now
    }
}
