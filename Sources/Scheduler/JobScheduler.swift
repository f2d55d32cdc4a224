/// Decides which jobs can run: a state machine that turns events into actions, without I/O and without a clock.
///
/// A job is ready when its last input has succeeded; each job counts its unmet inputs, so the end of a job affects only
/// its dependents. Ready jobs are submitted to an executor, for example a `WorkerPool`. Their order is given by ranks:
/// the greatest priority first, then the longest chain of expected work that depends on the job: list scheduling by
/// critical path (R. L. Graham, Bounds on Multiprocessing Timing Anomalies, 1969). Ties are broken by number, so equal
/// inputs give equal runs.
///
/// Jobs are numbered in the order of addition; `JobNumbers` translates other ids. A job that several tasks want is
/// cancelled when none of them wants it any more.
public struct JobScheduler: Sendable {
    /// A job to be scheduled.
    public struct Job: Sendable {
        /// The numbers of jobs that must succeed first, all added earlier.
        public var inputs: [Int]
        /// Jobs with greater priority run earlier.
        public var priority: Int
        /// The expected duration in seconds.
        public var cost: Double
        /// The ending if it is already recorded: a success, a failure or a cancellation.
        public var recorded: Ending?

        public init(inputs: [Int], priority: Int = 0, cost: Double = 1, recorded: Ending? = nil) {
            self.inputs = inputs
            self.priority = priority
            self.cost = cost
            self.recorded = recorded
        }
    }

    /// How a job ended.
    public enum Ending: Sendable, Equatable {
        case success, failure, infrastructure, cancelled
    }

    /// The events. Times are measured from any fixed moment by a monotonic clock.
    public enum Event: Sendable {
        /// A task adds jobs and wants all of them. They get the next numbers.
        case add([Job])
        /// Another task wants these jobs, which include all inputs of each.
        case want([Int])
        /// A task no longer wants these jobs.
        case unwant([Int])
        /// A submitted job has ended, and its result has been recorded.
        case ended(Int, Ending, at: Duration)
        /// The time is `at`.
        case clock(at: Duration)
        /// These jobs and all their dependents are cancelled for every task.
        case cancel([Int])
        /// A failed or cancelled job is to run again, and jobs that it blocked may run after it.
        case retry(Int)
    }

    /// The actions for the caller.
    public enum Action: Sendable, Equatable {
        /// Run the job; attempts count from 1.
        case submit(Int, attempt: Int)
        /// Withdraw the submitted job, and stop it if it is running. Its ending is ignored.
        case withdraw(Int)
        /// The job cannot run because its input `by` failed.
        case block(Int, by: Int)
        /// The job was cancelled before it was submitted.
        case drop(Int)
        /// The job is no longer blocked or cancelled.
        case reopen(Int)
        /// The ranks have changed.
        case rank
        /// Send `clock` at this time.
        case wake(at: Duration)
    }

    /// The state of a job.
    public enum State: UInt8, Sendable {
        /// An input has not succeeded yet.
        case waiting
        /// Submitted.
        case ready
        /// The infrastructure failed; the job is submitted again later.
        case retrying
        case succeeded, failed, cancelled, blocked

        /// Whether the job runs again only if it is retried.
        public var isSettled: Bool { rawValue >= State.succeeded.rawValue }
    }

    /// The maximum number of submissions of a job if the infrastructure fails.
    public let attempts: Int
    /// The delay before the second attempt; doubled for each further one.
    public let backoff: Duration
    /// The number of times that later tasks may overtake a job before it takes precedence over those that were
    /// overtaken less often.
    public let overtakingLimit: Int
    /// The number of unsettled jobs.
    public internal(set) var unsettled = 0
    /// The expected seconds of the unsettled jobs.
    public internal(set) var remainingCost = 0.0
    /// The rank of each job: greater ranks run earlier.
    public internal(set) var ranks: [Int32] = []

    var graph = Adjacency()
    var states: [State] = []
    var unmet: [Int32] = []
    var attempt: [UInt8] = []
    /// The number of tasks that want each job.
    var wanted: [Int32] = []
    /// The cause for which a job is settled: `itself`, `unwanted`, or the number of the failed or cancelled job that it
    /// depends on.
    var causes: [Int32] = []
    static let itself: Int32 = -1
    static let unwanted: Int32 = -2
    var priorities: [Int] = []
    var costs: [Float] = []
    /// The expected seconds of the longest chain that starts with the job.
    var chains: [Double] = []
    var overtaken: [UInt8] = []
    var timers = TimerQueue()

    public init(attempts: Int = 3, backoff: Duration = .seconds(2), overtakingLimit: Int = 8) {
        self.attempts = attempts
        self.backoff = backoff
        self.overtakingLimit = overtakingLimit
    }

    /// The number of jobs.
    public var count: Int { states.count }

    /// Whether every job is settled.
    public var isFinished: Bool { unsettled == 0 }

    public func state(of job: Int) -> State { states[job] }

    /// The job that blocks this one, or whose cancellation cancelled it.
    public func cause(of job: Int) -> Int? { causes[job] < 0 ? nil : Int(causes[job]) }

    /// The least number of expected seconds until everything is settled: the longest remaining chain.
    ///
    /// - Complexity: O(jobs).
    public var longestChain: Double {
        states.indices.lazy.filter { !states[$0].isSettled }.map { chains[$0] }.max() ?? 0
    }

    /// Processes an event.
    ///
    /// An event that does not match the state, such as the ending of a job that is not submitted, is ignored.
    ///
    /// - Complexity: O(affected edges); `add` sorts all jobs.
    public mutating func handle(_ event: Event) -> [Action] {
        var actions: [Action] = []
        switch event {
        case .add(let jobs): add(jobs, &actions)
        case .want(let jobs): want(jobs, &actions)
        case .unwant(let jobs): unwant(jobs, &actions)
        case .ended(let job, let ending, let now): end(job, ending, now: now, &actions)
        case .clock(let now): retryDue(at: now, &actions)
        case .cancel(let jobs): for job in jobs { cancel(job, cause: Self.itself, &actions) }
        case .retry(let job): retry(job, &actions)
        }
        return actions
    }
}
