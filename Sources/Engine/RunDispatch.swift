internal import Core
internal import RunnerInterface
internal import Scheduler

/// The dispatcher of a run: one task whose jobs are those of the worklist, and workers within this process.
struct RunDispatch {
    private(set) var dispatcher: Dispatcher
    private(set) var jobs = JobNumbers<Digest>()
    private let worklist: RunWorklist
    private let slots: Int

    init(_ worklist: RunWorklist, slots: Int, backoff: Duration = .seconds(2)) {
        self.worklist = worklist
        self.slots = slots
        dispatcher = Dispatcher(jobs: JobScheduler(backoff: backoff))
        for node in worklist.nodes { _ = jobs.add(node.id) }
    }

    /// Registers the workers and submits the task: one worker for the slots that all share, and one for each lane.
    mutating func start() -> [Dispatcher.Action] {
        var actions = dispatcher.handle(.submit(priority: 0))
        let lanes = worklist.lanes.sorted { $0.key < $1.key }
        for (number, lane) in ([(key: "", value: slots)] + lanes).enumerated() {
            let worker = WorkerPool.Worker(targets: [lane.key], slots: lane.value)
            actions += dispatcher.handle(.worker(.register(number, worker, at: .zero)))
        }
        let new = worklist.nodes.map { node in
            Dispatcher.Job(
                JobScheduler.Job(
                    inputs: node.inputs.compactMap(jobs.number), priority: node.priority, cost: node.cost),
                requirement: .init(target: node.lane))
        }
        return actions + dispatcher.handle(.planned(task: 0, new: new, known: []))
    }

    /// Has no further job start. What has ended meanwhile still counts.
    mutating func drain() -> [Dispatcher.Action] {
        (0...worklist.lanes.count).flatMap { dispatcher.handle(.worker(.mode($0, .draining))) }
    }

    mutating func handle(_ event: Dispatcher.Event) -> [Dispatcher.Action] { dispatcher.handle(event) }

    /// Cancels jobs that are not settled.
    mutating func cancel(_ ids: some Sequence<Digest>) -> [Dispatcher.Action] {
        dispatcher.handle(.cancel(ids.compactMap(jobs.number).sorted()))
    }

    /// The attempt that a submitted job is in, from 1.
    func attempt(of id: Digest) -> Int { jobs.number(of: id).map { dispatcher.attempts[$0] } ?? 1 }

    /// Whether the job is submitted again if the infrastructure fails now.
    func hasFurtherAttempt(_ id: Digest) -> Bool { attempt(of: id) < dispatcher.jobs.attempts }
}
