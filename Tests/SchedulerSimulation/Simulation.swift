import Scheduler

/// Plays the dispatcher's state machines against simulated workers, a clock and an unreliable network, all from one
/// seed.
///
/// Processes communicate by ephemeral values, as in the protocol; messages are only notifications, which may be late,
/// lost, duplicated or reordered. Every process reads the values from time to time.
package final class Simulation {
    enum Event {
        case toWorker(Int, session: Int, ToWorker)
        case toDispatcher(ToDispatcher)
        case jobDone(worker: Int, session: Int, job: Int, token: UInt64)
        case workerTick(Int, session: Int)
        case dispatcherClock(incarnation: Int)
        case planned(task: Int, incarnation: Int)
        case submit(task: Int)
        case startDispatcher
        case startWorker(Int)
        case resume(Int)
        case heal(Int)
        case setMode(Int, WorkerPool.Mode)
        case fault(Fault)
    }

    enum ToWorker {
        case assigned(job: Int, token: UInt64)
        case revoked(job: Int, token: UInt64)
    }

    enum ToDispatcher {
        case registered(Int)
        case started(worker: Int, session: Int, job: Int, token: UInt64)
        case progress(worker: Int, session: Int)
        case returned(worker: Int, session: Int, job: Int, token: UInt64)
        case reported(job: Int, SimulatedValues.Report)
    }

    enum Fault: CaseIterable {
        case dispatcherCrash, workerCrash, hang, partition, modeChange, taskCancellation, jobCancellation, retry
    }

    package let options: SimulationOptions
    package let seed: UInt64
    package internal(set) var step = 0
    /// Events that the state machines processed.
    package internal(set) var machineEvents = 0
    package internal(set) var executions = 0
    package internal(set) var now = 0.0

    /// Jobs that have a result.
    package var recordedResults: Int { values.recorded.count { $0 != nil } }
    /// Reports of a failed infrastructure that were accepted.
    package var outages: Int { outagesUsed.reduce(0, +) }

    var random: SimulatedRandom
    var events = EventQueue<Event>()
    var plan: SimulatedPlan
    var values: SimulatedValues
    var model: InvariantModel
    var workers: [SimulatedWorker]
    let descriptions: [WorkerPool.Worker]
    /// How often the infrastructure has failed each job.
    var outagesUsed: [Int]

    private var last: Event?

    // The dispatcher's process.
    var dispatcher: Dispatcher?
    var incarnation = 0
    /// The session of each worker in the dispatcher's state.
    var known: [Int?]
    var modes: [WorkerPool.Mode]
    var stalled: Set<Int> = []
    /// The time of the last sign of life of each worker, or of its first job while it had none.
    var lastSign: [Double]
    static let (stallTime, evictionTime) = (15, 60)
    /// Numbers of the dispatcher for jobs and tasks, and back.
    var numbers: [Int]
    var jobs: [Int] = []
    var taskNumbers: [Int]
    var tasks: [Int] = []
    var dispatched: Set<Int> = []
    /// The newest token of each job.
    var tokens: [UInt64]
    /// Tokens of the jobs that have begun, in the dispatcher's state.
    var begun: Set<UInt64> = []
    var report: SimulatedValues.Report?
    var clocks = 0
    var resting: [(job: Int, until: Duration)] = []

    package init(_ options: SimulationOptions, seed: UInt64) {
        self.options = options
        self.seed = seed
        var random = SimulatedRandom(seed: seed)
        plan = SimulatedPlan(options, &random)
        values = SimulatedValues(workers: options.workers, jobs: options.jobs, tasks: options.tasks)
        var workers: [SimulatedWorker] = []
        var descriptions: [WorkerPool.Worker] = []
        for number in 0..<options.workers {
            // The first worker can run everything, so no job waits forever.
            let some = Set((0..<options.targets).filter { _ in random.chance(0.6) }.map { "t\($0)" })
            let slots = 1 + random.below(3)
            workers.append(SimulatedWorker(slots: slots, slowness: random.chance(0.2) ? 8 : 1))
            descriptions.append(
                WorkerPool.Worker(
                    targets: number == 0 ? nil : some, slots: slots, backlog: random.below(3),
                    cache: "cache\(number % 3)"))
        }
        (self.random, self.workers, self.descriptions) = (random, workers, descriptions)
        model = InvariantModel(plan, descriptions, targets: options.targets)
        outagesUsed = Array(repeating: 0, count: options.jobs)
        known = Array(repeating: nil, count: options.workers)
        lastSign = Array(repeating: 0, count: options.workers)
        modes = Array(repeating: .ready, count: options.workers)
        numbers = Array(repeating: -1, count: options.jobs)
        taskNumbers = Array(repeating: -1, count: options.tasks)
        tokens = Array(repeating: 0, count: options.jobs)
    }

    /// Runs until every task has ended.
    ///
    /// - Throws: `Violation`.
    package func run() throws {
        events.add(.startDispatcher, at: 0)
        for worker in workers.indices { events.add(.startWorker(worker), at: random.around(2)) }
        for task in plan.tasks.indices { events.add(.submit(task: task), at: Double(task) * options.submission) }
        for fault in Fault.allCases { schedule(fault) }
        let limit = options.calm + Double(options.tasks) * options.submission + 20_000
        while !isFinished {
            guard let (time, event) = events.next(), time < limit else {
                throw violation("no progress any more: \(stuck)")
            }
            now = time
            step += 1
            last = event
            try process(event)
        }
        try checkResults()
    }

    private var isFinished: Bool {
        values.submitted.allSatisfy { $0 } && now >= options.calm && dispatcher?.isFinished == true
            && tasks.count == options.tasks
    }

    /// Some unfinished jobs, for diagnosis.
    private var stuck: String {
        guard let dispatcher else { return "no dispatcher" }
        let open = jobs.indices.filter { !dispatcher.jobs.state(of: $0).isSettled }.prefix(3).map { number in
            let job = jobs[number]
            return "job \(job) is \(dispatcher.jobs.state(of: number)), held by \(model.holder[job])"
                + " (\(dispatcher.workers.worker(of: number) ?? -1)), recorded \(values.recorded[job] as Any)"
                + ", assignments \(values.assignments.map { $0[job] }), reports \(values.reports[job] ?? [])"
        }
        return "tasks \(dispatcher.tasks.states), assigned \(dispatcher.workers.assigned), \(open)"
    }

    func violation(_ message: String) -> Violation {
        Violation(message: "\(message), after \(last.map { "\($0)" } ?? "nothing")", seed: seed, step: step)
    }

    private func process(_ event: Event) throws {
        switch event {
        case .toWorker(let worker, let session, let message):
            guard workers[worker].isReachable, workers[worker].session == session else { return }
            try receive(message, at: worker)
        case .toDispatcher(let message): try receive(message)
        case .jobDone(let worker, let session, let job, let token):
            guard workers[worker].session == session else { return }
            try finish(job, token, on: worker)
        case .workerTick(let worker, let session):
            guard workers[worker].isUp, workers[worker].session == session else { return }
            try tick(worker)
        case .dispatcherClock(let incarnation):
            guard incarnation == self.incarnation, dispatcher != nil else { return }
            try tickDispatcher()
        case .planned(let task, let incarnation):
            guard incarnation == self.incarnation, dispatcher != nil else { return }
            try dispatch(task)
        case .submit(let task):
            values.submitted[task] = true
            try submit(task)
        case .startDispatcher: try startDispatcher()
        case .startWorker(let worker): startWorker(worker)
        case .resume(let worker): try resume(worker)
        case .heal(let worker): heal(worker)
        case .setMode(let worker, let mode): try setMode(mode, of: worker)
        case .fault(let fault):
            if now < options.calm {
                try inflict(fault)
                schedule(fault)
            }
        }
    }

    // MARK: The network

    func send(_ event: Event) {
        if random.chance(options.loss) { return }
        repeat {
            let delay = random.around(random.chance(options.longDelay) ? 20 : 0.02)
            events.add(event, at: now + delay)
        } while random.chance(options.duplication)
    }

    /// The results are those that an undisturbed run would have.
    private func checkResults() throws {
        let wanted = Set(plan.tasks.indices.filter { !values.cancelledTasks[$0] }.flatMap { plan.tasks[$0].wanted })
        for job in wanted.sorted() {
            let recorded = values.recorded[job]
            if recorded == .cancelled { continue }
            // A report may be older than the retry.
            if recorded == .failure, plan.healed.contains(job) { continue }
            let isBlocked = plan.inputs[job].contains { values.recorded[$0] != .success }
            let expected: JobScheduler.Ending? =
                isBlocked || model.rest[job] == .infinity ? nil : plan.fails[job] ? .failure : .success
            if recorded != expected {
                throw violation("job \(job): \(String(describing: recorded)), expected \(String(describing: expected))")
            }
        }
    }
}
