internal import Core
internal import Model
internal import RunnerInterface
internal import Scheduler

/// The dispatcher of a run: one task whose jobs are those of the worklist.
struct RunDispatch {
    private(set) var dispatcher: Dispatcher
    let jobs: JobNumbers<Digest>
    private let worklist: RunWorklist
    private(set) var isDraining = false
    private var seats = 0

    /// - Parameters:
    ///   - epoch: A number greater than that of every previous dispatcher.
    ///   - stall: Timeouts for workers without heartbeats; nil for no timeout.
    init(
        _ worklist: RunWorklist, epoch: UInt32 = 0, backoff: Duration = .seconds(2),
        stall: StallTimes? = nil
    ) {
        self.worklist = worklist
        dispatcher = Dispatcher(
            jobs: JobScheduler(backoff: backoff),
            workers: WorkerPool(epoch: epoch, stallTime: stall?.after, evictionTime: stall?.lostAfter))
        jobs = worklist.numbers
    }

    /// Submits the task.
    ///
    /// - Parameter assignments: Assignments inherited from a previous dispatcher.
    mutating func start(_ assignments: [Digest: Dispatcher.Assignment] = [:]) -> [Dispatcher.Action] {
        let new = worklist.nodes.map { node in
            let labels = worklist.targets[node.id]?.labels
            return Dispatcher.Job(
                JobScheduler.Job(
                    inputs: node.inputs.compactMap(jobs.number), priority: node.priority, cost: node.cost),
                requirement: .init(target: node.target, labels: Set(labels ?? [])),
                assignment: assignments[node.id])
        }
        return dispatcher.handle(.submit(priority: 0))
            + dispatcher.handle(.planned(task: 0, new: new, known: []))
    }

    /// Registers a worker.
    mutating func register(_ seat: Int, _ worker: WorkerPool.Worker, at time: Duration) -> [Dispatcher.Action] {
        seats = max(seats, seat + 1)
        var worker = worker
        if isDraining { worker.mode = .draining }
        return dispatcher.handle(.worker(.register(seat, worker, at: time)))
    }

    /// Changes the mode of a worker, unless the run is draining.
    mutating func change(_ seat: Int, to mode: WorkerPool.Mode) -> [Dispatcher.Action] {
        isDraining ? [] : dispatcher.handle(.worker(.mode(seat, mode)))
    }

    /// Starts no further jobs. Jobs that have ended meanwhile still count.
    mutating func drain() -> [Dispatcher.Action] {
        isDraining = true
        return (0..<seats).flatMap { dispatcher.handle(.worker(.mode($0, .draining))) }
    }

    mutating func handle(_ event: Dispatcher.Event) -> [Dispatcher.Action] { dispatcher.handle(event) }

    /// Cancels jobs that are not settled.
    mutating func cancel(_ ids: some Sequence<Digest>) -> [Dispatcher.Action] {
        dispatcher.handle(.cancel(ids.compactMap(jobs.number).sorted()))
    }

    /// The current attempt at a submitted job, from 1.
    func attempt(of id: Digest) -> Int { jobs.number(of: id).map { dispatcher.attempts[$0] } ?? 1 }

    /// Whether the job is retried if this attempt has an infrastructure failure.
    func hasFurtherAttempt(_ id: Digest) -> Bool { attempt(of: id) < dispatcher.jobs.attempts }
}
