/// Assigns jobs to workers: a state machine that turns events into actions, without I/O and without a clock.
///
/// Jobs wait in one queue for each requirement, ordered by rank. A worker with a free slot gets the job with the
/// greatest rank that it can run; if several workers are free, one that has the layers of the job's inputs is
/// preferred. A worker may have a backlog: jobs that are assigned to it before a slot is free. They move to an idle
/// worker.
///
/// Each assignment has a fencing token, greater than all previous ones. A report is accepted if its token is the newest
/// one of the job, so that a worker that was considered lost cannot report a job that was meanwhile assigned to another
/// worker.
///
/// Workers and jobs are numbered by the caller, jobs from 0 without gaps.
public struct WorkerPool: Sendable {
    /// The requirement of a job on workers.
    public struct Requirement: Hashable, Sendable {
        public var target: String
        public var labels: Set<String>

        public init(target: String, labels: Set<String> = []) {
            self.target = target
            self.labels = labels
        }
    }

    /// A job with the properties that matter for its assignment.
    public struct Job: Sendable {
        public var requirement: Requirement
        public var priority: Int
        /// The expected duration in seconds.
        public var cost: Double
        /// The direct inputs, whose layers the job is built over.
        public var inputs: [Int]

        public init(requirement: Requirement, priority: Int = 0, cost: Double = 1, inputs: [Int] = []) {
            self.requirement = requirement
            self.priority = priority
            self.cost = cost
            self.inputs = inputs
        }
    }

    /// The capabilities of a worker.
    public struct Worker: Sendable {
        /// The targets; nil for all.
        public var targets: Set<String>?
        public var labels: Set<String>
        /// The number of jobs at a time.
        public var slots: Int
        /// The number of further jobs that it holds, to start them as soon as a slot is free.
        public var backlog: Int
        /// The cache of layers that it uses; workers with the same name share it.
        public var cache: String

        public var mode: Mode

        public init(
            targets: Set<String>? = nil, labels: Set<String> = [], slots: Int, backlog: Int = 0, cache: String = "",
            mode: Mode = .ready
        ) {
            self.mode = mode
            self.targets = targets
            self.labels = labels
            self.slots = slots
            self.backlog = backlog
            self.cache = cache
        }

        func canRun(_ requirement: Requirement) -> Bool {
            (targets?.contains(requirement.target) ?? true) && requirement.labels.isSubset(of: labels)
        }
    }

    /// Whether a worker gets jobs.
    public enum Mode: Sendable, Equatable {
        case ready
        /// It finishes its running jobs and leaves.
        case draining
        /// It finishes its running jobs and gets others when it is ready again.
        case paused
    }

    /// The events. Times are measured from any fixed moment by a monotonic clock.
    public enum Event: Sendable {
        /// Jobs are added. They get the next numbers; their ranks follow.
        case add([Job])
        /// The rank of every job: those with greater ranks run first.
        case rank([Int32])
        /// A worker has registered. If its number is in use, the previous worker with that number was lost.
        case register(Int, Worker, at: Duration)
        case mode(Int, Mode)
        /// A worker has gone.
        case lost(Int)
        /// A job is to be run.
        case enqueue(Int)
        /// A job is not to be run; if it is running, it is stopped.
        case withdraw(Int)
        /// A worker has the job from a former dispatcher.
        case adopt(worker: Int, job: Int, token: UInt64, isRunning: Bool)
        /// A worker has started the job.
        case started(worker: Int, job: Int, token: UInt64, at: Duration)
        /// A worker makes progress: a step or a line of output.
        case progress(worker: Int, at: Duration)
        /// A worker does not run the job, and will not under this token.
        case returned(worker: Int, job: Int, token: UInt64)
        /// A job was reported.
        case reported(job: Int, token: UInt64, at: Duration)
        /// The result of an accepted report was recorded, and its dependents were queued: the slot is free for the best
        /// job. If the job is tried again, because the infrastructure failed, another worker gets it as long as there
        /// is one that can run it.
        case recorded(Int, isTriedAgain: Bool = false)
        /// Jobs were adopted: some may move to idle workers.
        case balance
        /// The time is `at`.
        case clock(at: Duration)
    }

    /// The actions for the caller.
    public enum Action: Sendable, Equatable {
        /// Assign the job to the worker.
        case assign(worker: Int, job: Int, token: UInt64)
        /// Revoke the worker's assignment. If the job is running, it is stopped if `stop` is set, and continues
        /// otherwise.
        case revoke(worker: Int, job: Int, token: UInt64, stop: Bool)
        /// The report is valid: record it.
        case accept(job: Int, token: UInt64)
        /// The report is outdated.
        case discard(job: Int, token: UInt64)
        /// The worker is alive but makes no progress; it gets no jobs until it does.
        case stalled(worker: Int)
        /// The worker has made no progress for too long and is considered lost.
        case evict(worker: Int)
        /// Too many workers were lost while they ran the job.
        case giveUp(job: Int)
    }

    /// The status of a job.
    enum Status: UInt8, Sendable {
        case idle, queued
        /// It is assigned to a worker, and has not started as far as is known.
        case assigned
        /// Like `assigned`, but it is to be returned, so that another worker gets it.
        case moving
        case running
        /// Its report was accepted, but not recorded yet.
        case reported
        /// It was withdrawn, but the worker has not confirmed that.
        case stopping
        /// Like `stopping`; it is queued again when the worker has confirmed.
        case stoppingBeforeQueued
    }

    /// The pool's state of a worker. It is read in place, field by field, because a copy retains all of its parts.
    struct Seat: Sendable {
        var worker: Worker
        /// Its jobs in no particular order, with the times at which they started.
        var jobs: [(job: Int32, began: Duration?)] = []
        /// The number of those that have not started.
        var notBegun = 0
        var accepted = BitSet()
        var cache = 0
        var lastProgress: Duration
        var isStalled = false
        /// The ratio of actual to expected durations of its jobs: a moving average.
        var slowness = 1.0

        var hasFreeSlot: Bool { jobs.count < worker.slots }
        var hasRoom: Bool { jobs.count < worker.slots + worker.backlog }
        var isUsable: Bool { worker.mode == .ready && !isStalled }
        /// Whether it may have jobs that it has not begun and has no slot for.
        var mayGiveJobs: Bool { notBegun > 0 && (jobs.count > worker.slots || !isUsable) }
        /// How long a job that it gets last waits, in expected durations of jobs.
        var wait: Double { Double(jobs.count) * slowness / Double(max(1, worker.slots)) }
    }

    /// The time without progress after which a busy worker gets no more jobs; nil for never.
    public let stallTime: Duration?
    /// The time without progress after which a busy worker is considered lost.
    public let evictionTime: Duration?
    /// The number of workers that a job may lose before it is given up.
    public let lossLimit: Int

    var now = Duration.zero
    var token: UInt64
    var requirements: [Requirement] = []
    var requirementNumbers: [Requirement: Int] = [:]
    /// For each requirement, the ranks of the queued jobs.
    var queues: [RankSet] = []
    /// For each requirement, the number of times in a row that a nearer job was preferred to the first of the queue.
    var skips: [Int] = []
    /// The requirements with queued jobs.
    var nonempty = BitSet()
    /// For each requirement, the workers that can run it.
    var capable: [BitSet] = []
    /// The workers with a free slot, and those with room in their backlog.
    var free = BitSet()
    var roomy = BitSet()
    var freeWorkers = 0
    var moving = 0
    var notBegun = 0
    var seats: [Seat?] = []
    var caches: [String: Int] = [:]
    /// For each cache, the workers that use it.
    var sharers: [BitSet] = []
    /// Where the search for a free worker starts, so that all workers get a share.
    var cursor = 0

    var jobRequirement: [UInt16] = []
    var status: [Status] = []
    var ranks: [Int32] = []
    var byRank: [Int32] = []
    var priorities: [Int] = []
    var costs: [Float] = []
    var inputs: [ArraySlice<Int32>] = []
    var tokens: [UInt64] = []
    var losses: [UInt8] = []
    /// The workers on which the infrastructure failed, for the jobs that are tried again.
    var failedOn: [Int: [Int]] = [:]
    /// The worker of each job, and the job's position among that worker's jobs.
    var holders: [Int32] = []
    var places: [Int32] = []
    /// The cache that contains the job's layer; -1 if unknown.
    var layerCache: [Int32] = []

    /// - Parameter epoch: greater than that of every former dispatcher; it is the upper half of the tokens.
    public init(
        epoch: UInt32 = 0, stallTime: Duration? = nil, evictionTime: Duration? = nil, lossLimit: Int = 3
    ) {
        token = UInt64(epoch) << 32
        self.stallTime = stallTime
        self.evictionTime = evictionTime
        self.lossLimit = lossLimit
    }

    /// The number of jobs behind the first of a queue that may be preferred to it, and how often in a row.
    static let window = 7
    public static let skipLimit = 8

    /// The number of jobs assigned to workers, including those that are being stopped.
    public internal(set) var assigned = 0

    /// The newest token of the job.
    func currentToken(of job: Int) -> UInt64 { tokens[job] }

    /// The worker that has the job.
    public func worker(of job: Int) -> Int? { holders[job] < 0 ? nil : Int(holders[job]) }

    /// The requirements of queued jobs that no usable worker meets.
    public var unmetRequirements: [Requirement] {
        requirements.indices.filter { requirement in
            !queues[requirement].isEmpty
                && !seats.indices.contains { worker in
                    guard capable[requirement].contains(worker), let seat = seats[worker] else { return false }
                    return seat.isUsable && seat.worker.slots + seat.worker.backlog > 0
                }
        }.map { requirements[$0] }
    }

    /// The number of jobs that run at a time at best, with slow workers counted as fractions.
    public var throughput: Double {
        seats.reduce(0) { sum, seat in
            guard let seat, seat.isUsable else { return sum }
            return sum + Double(seat.worker.slots) / seat.slowness
        }
    }
}
