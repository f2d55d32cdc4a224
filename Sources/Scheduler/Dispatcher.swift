/// Combines the three state machines: passes the actions of each that are events of another.
///
/// It has no I/O and no clock either. The caller records the result of an accepted report durably and then sends
/// `recorded`; nothing that depends on a job is submitted before.
///
/// - SeeAlso: `docs/decisions/0175-three-state-machines.md`
public struct Dispatcher: Sendable {
    /// A job with the properties that the three machines need.
    public struct Job: Sendable {
        public var job: JobScheduler.Job
        public var requirement: WorkerPool.Requirement
        /// The assignment by a former dispatcher.
        public var assignment: Assignment?

        public init(
            _ job: JobScheduler.Job, requirement: WorkerPool.Requirement, assignment: Assignment? = nil
        ) {
            self.job = job
            self.requirement = requirement
            self.assignment = assignment
        }
    }

    /// The assignment of a job to a worker.
    public struct Assignment: Sendable {
        public var worker: Int
        public var token: UInt64
        /// Whether the worker has started it.
        public var isRunning: Bool

        public init(worker: Int, token: UInt64, isRunning: Bool) {
            self.worker = worker
            self.token = token
            self.isRunning = isRunning
        }
    }

    /// The events.
    public enum Event: Sendable {
        case submit(priority: Int)
        /// The plan of a task has new jobs, which get the next numbers, and needs some known jobs.
        case planned(task: Int, new: [Job], known: [Int])
        case planningInterrupted(task: Int)
        case rejected(task: Int)
        case cancelTask(Int)
        /// The result of a job whose report was accepted has been recorded.
        case recorded(Int, JobScheduler.Ending, at: Duration)
        /// These jobs are cancelled for every task.
        case cancel([Int])
        case retry(Int)
        /// An assigned job runs for another dispatcher, so its worker has not started it. `free` queues it again.
        case hold(Int)
        case free(Int)
        case worker(WorkerPool.Event)
        case clock(at: Duration)
    }

    /// The actions for the caller.
    public enum Action: Sendable, Equatable {
        case plan(task: Int)
        case stopPlanning(task: Int)
        case complete(task: Int)
        case block(Int, by: Int)
        case drop(Int)
        /// A submitted job is cancelled. If it is running, it is revoked as well.
        case withdraw(Int)
        case reopen(Int)
        case wake(at: Duration)
        case worker(WorkerPool.Action)
    }

    public private(set) var tasks = TaskQueue()
    public private(set) var jobs: JobScheduler
    public private(set) var workers: WorkerPool
    /// The number of attempts of each submitted job.
    public private(set) var attempts: [Int] = []

    public init(jobs: JobScheduler = JobScheduler(), workers: WorkerPool = WorkerPool()) {
        self.jobs = jobs
        self.workers = workers
    }

    /// Whether everything is done: all tasks are finished, and no worker has a job.
    public var isFinished: Bool { tasks.isFinished && jobs.isFinished && workers.assigned == 0 }

    /// The expected seconds until all jobs are settled.
    ///
    /// - Complexity: O(jobs).
    public var remainingSeconds: Double {
        max(jobs.longestChain, workers.throughput > 0 ? jobs.remainingCost / workers.throughput : .infinity)
    }

    /// Processes an event.
    public mutating func handle(_ event: Event) -> [Action] {
        var actions: [Action] = []
        switch event {
        case .submit(let priority): route(tasks.handle(.submit(priority: priority)), &actions)
        case .planned(let task, let new, let known): dispatch(task, new, known, &actions)
        case .planningInterrupted(let task): route(tasks.handle(.interrupted(task)), &actions)
        case .rejected(let task): route(tasks.handle(.rejected(task)), &actions)
        case .cancelTask(let task): route(tasks.handle(.cancel(task)), &actions)
        case .recorded(let job, let ending, let at): record(job, ending, at: at, &actions)
        case .cancel(let list): route(jobs.handle(.cancel(list)), &actions)
        case .retry(let job): route(jobs.handle(.retry(job)), &actions)
        case .hold(let job): hold(job, &actions)
        case .free(let job): if jobs.state(of: job) == .ready { route(workers.handle(.enqueue(job)), &actions) }
        case .worker(let event): route(workers.handle(event), &actions)
        case .clock(let at):
            route(jobs.handle(.clock(at: at)), &actions)
            route(workers.handle(.clock(at: at)), &actions)
        }
        return actions
    }

    private mutating func dispatch(_ task: Int, _ new: [Job], _ known: [Int], _ actions: inout [Action]) {
        guard tasks.states.indices.contains(task), tasks.states[task] == .planning else { return }
        let first = jobs.count
        attempts.append(contentsOf: repeatElement(0, count: new.count))
        _ = workers.handle(
            .add(
                new.map {
                    WorkerPool.Job(
                        requirement: $0.requirement, priority: $0.job.priority, cost: $0.job.cost,
                        inputs: $0.job.inputs)
                }))
        for (offset, job) in new.enumerated() {
            guard let held = job.assignment else { continue }
            let adoption = WorkerPool.Event.adopt(
                worker: held.worker, job: first + offset, token: held.token, isRunning: held.isRunning)
            route(workers.handle(adoption), &actions)
        }
        // Jobs that were no longer wanted are reopened before the task counts its unsettled jobs.
        route(jobs.handle(.want(known)), &actions)
        // The task must know its new jobs before one of them can be settled.
        route(tasks.handle(.planned(task, jobs: Array(first..<first + new.count) + known)), &actions)
        for (offset, job) in new.enumerated() where job.job.recorded != nil {
            route(tasks.handle(.settled(first + offset)), &actions)
        }
        route(jobs.handle(.add(new.map(\.job))), &actions)
        for (offset, job) in new.enumerated() where job.assignment != nil && jobs.state(of: first + offset) != .ready {
            route(workers.handle(.withdraw(first + offset)), &actions)
        }
        if new.contains(where: { $0.assignment != nil }) { route(workers.handle(.balance), &actions) }
    }

    private mutating func hold(_ job: Int, _ actions: inout [Action]) {
        guard let worker = workers.worker(of: job) else { return }
        _ = workers.handle(.withdraw(job))
        let token = workers.currentToken(of: job)
        route(workers.handle(.returned(worker: worker, job: job, token: token)), &actions)
    }

    private mutating func record(_ job: Int, _ ending: JobScheduler.Ending, at: Duration, _ actions: inout [Action]) {
        let routed = jobs.handle(.ended(job, ending, at: at))
        if jobs.state(of: job).isSettled { route(tasks.handle(.settled(job)), &actions) }
        route(routed, &actions)
        route(workers.handle(.recorded(job, isTriedAgain: jobs.state(of: job) == .retrying)), &actions)
    }

    private mutating func route(_ list: [TaskQueue.Action], _ actions: inout [Action]) {
        for action in list {
            switch action {
            case .plan(let task): actions.append(.plan(task: task))
            case .stopPlanning(let task): actions.append(.stopPlanning(task: task))
            case .release(_, let list): route(jobs.handle(.unwant(list)), &actions)
            case .complete(let task): actions.append(.complete(task: task))
            }
        }
    }

    private mutating func route(_ list: [JobScheduler.Action], _ actions: inout [Action]) {
        var submitted: [Int] = []
        for action in list {
            switch action {
            case .submit(let job, let attempt):
                attempts[job] = attempt
                submitted.append(job)
            case .withdraw(let job):
                actions.append(.withdraw(job))
                route(workers.handle(.withdraw(job)), &actions)
                route(tasks.handle(.settled(job)), &actions)
            case .block(let job, let cause):
                actions.append(.block(job, by: cause))
                route(tasks.handle(.settled(job)), &actions)
            case .drop(let job):
                actions.append(.drop(job))
                route(tasks.handle(.settled(job)), &actions)
            case .reopen(let job):
                actions.append(.reopen(job))
                route(tasks.handle(.reopened(job)), &actions)
            case .rank: route(workers.handle(.rank(jobs.ranks)), &actions)
            case .wake(let at): actions.append(.wake(at: at))
            }
        }
        // Of jobs that become ready at the same time, free workers get the most urgent ones.
        if submitted.count > 1 { submitted.sort { jobs.ranks[$0] > jobs.ranks[$1] } }
        for job in submitted { route(workers.handle(.enqueue(job)), &actions) }
    }

    private mutating func route(_ list: [WorkerPool.Action], _ actions: inout [Action]) {
        for action in list { actions.append(.worker(action)) }
    }
}
