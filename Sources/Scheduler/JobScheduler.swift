/// Decides which jobs can run: a state machine that turns events into actions, without I/O and without a clock.
///
/// A job is ready when its last input has succeeded; each job counts its unmet inputs, so the end of a job touches only the
/// jobs that depend on it. Ready jobs are submitted to whatever runs them, for example a `WorkerPool`. The order in which they
/// should run is a rank of each job: the greatest priority first, and among equals the one with the longest chain of
/// expected work behind it: list scheduling by critical path (R. L. Graham, Bounds on Multiprocessing Timing Anomalies,
/// 1969). Ties fall in the order of the numbers, so equal inputs give equal runs.
///
/// Jobs are numbered in the order in which they are added; `JobNumbers` translates other ids. A job that several tasks want
/// is cancelled when none of them wants it.
public struct JobScheduler: Sendable {
    /// A job to be scheduled.
    public struct Job: Sendable {
        /// Numbers of jobs that must succeed before, all added earlier.
        public var inputs: [Int]
        /// Greater runs earlier.
        public var priority: Int
        /// Expected seconds.
        public var cost: Double
        /// The ending that is recorded already, of a success, a failure or a cancellation.
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

    /// Something that happened. Times are measured from any fixed moment by a monotonic clock.
    public enum Event: Sendable {
        /// A task adds jobs and wants each of them. They get the next numbers.
        case add([Job])
        /// A further task wants these jobs, which include the inputs of each.
        case want([Int])
        /// A task does not want these jobs any more.
        case unwant([Int])
        /// A submitted job has ended, and its result is recorded.
        case ended(Int, Ending, at: Duration)
        /// Time has come to `at`.
        case clock(at: Duration)
        /// These jobs, and all that depend on them, are cancelled for every task.
        case cancel([Int])
        /// A job that failed or was cancelled is to run again, and what it blocked may run after it.
        case retry(Int)
    }

    /// What the caller has to do.
    public enum Action: Sendable, Equatable {
        /// Have the job run; attempts count from 1.
        case submit(Int, attempt: Int)
        /// Take the submitted job back and stop it where it runs. Its ending is ignored.
        case withdraw(Int)
        /// The job cannot run because `by`, which it needs, failed.
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

        /// Whether the job runs again only where it is retried.
        public var isSettled: Bool { rawValue >= State.succeeded.rawValue }
    }

    /// How often a job is submitted when the infrastructure fails.
    public let attempts: Int
    /// How long to wait before the second attempt; doubled for each further one.
    public let backoff: Duration
    /// How often later tasks may overtake a job before it takes precedence over all that were not overtaken so often.
    public let overtakingLimit: Int
    /// Jobs that are not settled.
    public internal(set) var unsettled = 0
    /// Expected seconds of the jobs that are not settled.
    public internal(set) var remainingCost = 0.0
    /// For each job its place in the order of running, 0 last.
    public internal(set) var ranks: [Int32] = []

    var graph = Adjacency()
    var states: [State] = []
    var unmet: [Int32] = []
    var attempt: [UInt8] = []
    /// How many tasks want the job.
    var wanted: [Int32] = []
    /// Why a job is settled: `itself`, `unwanted`, or the number of the failed or cancelled job that it depends on.
    var causes: [Int32] = []
    static let itself: Int32 = -1
    static let unwanted: Int32 = -2
    var priorities: [Int] = []
    var costs: [Float] = []
    /// Expected seconds of the longest chain that starts with the job.
    var chains: [Double] = []
    var overtaken: [UInt8] = []
    var timers = TimerQueue()

    public init(attempts: Int = 3, backoff: Duration = .seconds(2), overtakingLimit: Int = 8) {
        self.attempts = attempts
        self.backoff = backoff
        self.overtakingLimit = overtakingLimit
    }

    /// How many jobs there are.
    public var count: Int { states.count }

    /// Whether every job is settled.
    public var isFinished: Bool { unsettled == 0 }

    public func state(of job: Int) -> State { states[job] }

    /// The job that blocks this one, or whose cancellation cancelled it.
    public func cause(of job: Int) -> Int? { causes[job] < 0 ? nil : Int(causes[job]) }

    /// Expected seconds until all is settled, at best: the longest chain of what is left.
    ///
    /// - Complexity: O(jobs).
    public var longestChain: Double {
        states.indices.lazy.filter { !states[$0].isSettled }.map { chains[$0] }.max() ?? 0
    }

    /// Processes an event.
    ///
    /// An event that does not fit the state, such as the ending of a job that is not submitted, does nothing.
    ///
    /// - Complexity: O(edges that the event touches); `add` sorts all jobs.
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
