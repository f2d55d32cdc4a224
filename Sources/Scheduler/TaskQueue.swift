/// Tracks tasks from their submission to their end: a state machine that turns events into actions, without I/O and
/// without a clock.
///
/// A task is planned, then its jobs are dispatched, and it is complete when all of them are settled. Tasks are planned
/// one at a time, by descending priority and then in the order of submission. Tasks and jobs are numbered from 0.
public struct TaskQueue: Sendable {
    /// The events.
    public enum Event: Sendable {
        /// A task was submitted. It gets the next number.
        case submit(priority: Int)
        /// The task's plan needs these jobs, including inputs.
        case planned(Int, jobs: [Int])
        /// The planning was interrupted: the task is planned again.
        case interrupted(Int)
        /// The task cannot be planned.
        case rejected(Int)
        /// A task is cancelled.
        case cancel(Int)
        /// A job is settled.
        case settled(Int)
        /// A settled job is to run again.
        case reopened(Int)
    }

    /// The actions for the caller.
    public enum Action: Sendable, Equatable {
        case plan(Int)
        /// Stop planning the task; its plan is ignored.
        case stopPlanning(Int)
        /// The task no longer wants these jobs.
        case release(Int, jobs: [Int])
        /// All jobs of the task are settled.
        case complete(Int)
    }

    /// The state of a task.
    public enum State: Sendable, Equatable {
        case submitted, planning, dispatched, complete, cancelled, rejected
    }

    /// The states of all tasks.
    public private(set) var states: [State] = []
    private var priorities: [Int] = []
    private var jobs: [[Int32]] = []
    /// For each task, the number of its unsettled jobs.
    private var open: [Int] = []
    private var planning: Int?
    /// For each job, whether it is settled, and its newest membership in a task.
    private var isSettled: [Bool] = []
    private var newest: [Int32] = []
    private var memberships: [(task: Int32, previous: Int32)] = []

    public init() {}

    /// The number of unsettled jobs of a dispatched task.
    public func unsettledJobs(of task: Int) -> Int { open[task] }

    /// Whether all tasks are finished.
    public var isFinished: Bool { states.allSatisfy { [.complete, .cancelled, .rejected].contains($0) } }

    /// Processes an event. An event that does not match the state is ignored.
    ///
    /// - Complexity: O(tasks of the job), for a task O(tasks + its jobs).
    public mutating func handle(_ event: Event) -> [Action] {
        var actions: [Action] = []
        switch event {
        case .submit(let priority):
            states.append(.submitted)
            priorities.append(priority)
            jobs.append([])
            open.append(0)
        case .planned(let task, let wanted): dispatch(task, wanted, &actions)
        case .interrupted(let task): endPlanning(of: task, .submitted)
        case .rejected(let task): endPlanning(of: task, .rejected)
        case .cancel(let task): cancel(task, &actions)
        case .settled(let job): settle(job, &actions)
        case .reopened(let job): reopen(job)
        }
        if planning == nil { planNext(&actions) }
        return actions
    }

    private mutating func planNext(_ actions: inout [Action]) {
        var best: Int?
        for task in states.indices where states[task] == .submitted {
            if best.map({ priorities[task] > priorities[$0] }) ?? true { best = task }
        }
        guard let best else { return }
        planning = best
        states[best] = .planning
        actions.append(.plan(best))
    }

    private mutating func endPlanning(of task: Int, _ state: State) {
        guard planning == task else { return }
        planning = nil
        states[task] = state
    }

    private mutating func dispatch(_ task: Int, _ wanted: [Int], _ actions: inout [Action]) {
        guard planning == task else { return }
        endPlanning(of: task, .dispatched)
        jobs[task] = wanted.map(Int32.init)
        for job in wanted {
            reserve(job)
            memberships.append((Int32(task), newest[job]))
            newest[job] = Int32(memberships.count - 1)
        }
        open[task] = wanted.count { !isSettled[$0] }
        if open[task] == 0 { complete(task, &actions) }
    }

    private mutating func cancel(_ task: Int, _ actions: inout [Action]) {
        guard states.indices.contains(task) else { return }
        switch states[task] {
        case .submitted: states[task] = .cancelled
        case .planning:
            endPlanning(of: task, .cancelled)
            actions.append(.stopPlanning(task))
        case .dispatched:
            states[task] = .cancelled
            actions.append(.release(task, jobs: jobs[task].map(Int.init)))
        case .complete, .cancelled, .rejected: break
        }
    }

    /// Extends the tables to contain a job.
    private mutating func reserve(_ job: Int) {
        while newest.count <= job {
            newest.append(-1)
            isSettled.append(false)
        }
    }

    private mutating func settle(_ job: Int, _ actions: inout [Action]) {
        reserve(job)
        guard !isSettled[job] else { return }
        isSettled[job] = true
        forEachTask(of: job) { queue, task in
            queue.open[task] -= 1
            if queue.open[task] == 0, queue.states[task] == .dispatched { queue.complete(task, &actions) }
        }
    }

    private mutating func reopen(_ job: Int) {
        guard isSettled.indices.contains(job), isSettled[job] else { return }
        isSettled[job] = false
        forEachTask(of: job) { queue, task in
            queue.open[task] += 1
            if queue.states[task] == .complete { queue.states[task] = .dispatched }
        }
    }

    private mutating func complete(_ task: Int, _ actions: inout [Action]) {
        states[task] = .complete
        actions.append(.complete(task))
    }

    private mutating func forEachTask(of job: Int, _ body: (inout Self, Int) -> Void) {
        var edge = newest[job]
        while edge >= 0 {
            body(&self, Int(memberships[Int(edge)].task))
            edge = memberships[Int(edge)].previous
        }
    }
}
