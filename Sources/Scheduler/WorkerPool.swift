/// Decides which worker runs which job: a state machine that turns events into actions, without I/O and without a clock.
///
/// Queued jobs wait in one queue for each requirement, ordered by rank. A worker that has a free slot gets the job of the greatest
/// rank that it can run; where several workers are free, one that holds the layers of the job's inputs is preferred.
/// A worker may have a backlog: jobs that are assigned to it before a slot is free. They move to a worker that is idle.
///
/// Each assignment has a fencing token, greater than all before. A report counts if its token is the newest one of the job,
/// so a worker that was given up cannot report what another worker was asked to do meanwhile.
///
/// Workers and jobs are numbered by the caller, from 0 without gaps for jobs.
public struct WorkerPool: Sendable {
    /// What a job requires of a worker.
    public struct Requirement: Hashable, Sendable {
        public var target: String
        public var labels: Set<String>

        public init(target: String, labels: Set<String> = []) {
            self.target = target
            self.labels = labels
        }
    }

    /// A job, as far as its place matters.
    public struct Job: Sendable {
        public var requirement: Requirement
        public var priority: Int
        /// Expected seconds.
        public var cost: Double
        /// Jobs whose layers the job is built over, directly.
        public var inputs: [Int]

        public init(requirement: Requirement, priority: Int = 0, cost: Double = 1, inputs: [Int] = []) {
            self.requirement = requirement
            self.priority = priority
            self.cost = cost
            self.inputs = inputs
        }
    }

    /// What a worker can run.
    public struct Worker: Sendable {
        /// Nil: all.
        public var targets: Set<String>?
        public var labels: Set<String>
        /// Jobs at once.
        public var slots: Int
        /// Jobs that it holds besides, to begin them as soon as a slot is free.
        public var backlog: Int
        /// The store of layers that it uses; workers that name the same one share it.
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
        /// It finishes what it runs, and leaves.
        case draining
        /// It finishes what it runs, and gets more when it is ready again.
        case paused
    }

    /// Something that happened. Times are measured from any fixed moment by a monotonic clock.
    public enum Event: Sendable {
        /// Jobs are known. They get the next numbers; ranks follow.
        case add([Job])
        /// The rank of every job: the greatest runs first.
        case rank([Int32])
        /// A worker is there. A number that is in use is that of a worker which was lost.
        case register(Int, Worker, at: Duration)
        case mode(Int, Mode)
        /// A worker is gone.
        case lost(Int)
        /// A job is to run.
        case enqueue(Int)
        /// A job is not to run; where it runs, it is stopped.
        case withdraw(Int)
        /// A worker has the job from a former dispatcher.
        case adopt(worker: Int, job: Int, token: UInt64, isRunning: Bool)
        /// A worker has begun the job.
        case started(worker: Int, job: Int, token: UInt64, at: Duration)
        /// A worker works: a step or a line of output came.
        case progress(worker: Int, at: Duration)
        /// A worker does not run the job, and will not under this token.
        case returned(worker: Int, job: Int, token: UInt64)
        /// There is a report of a job.
        case reported(job: Int, token: UInt64, at: Duration)
        /// The result behind an accepted report is recorded, and what depends on the job is queued: the slot is free for the
        /// best of all.
        case recorded(Int)
        /// Jobs were adopted: some may move to workers that have nothing to do.
        case balance
        /// Time has come to `at`.
        case clock(at: Duration)
    }

    /// What the caller has to do.
    public enum Action: Sendable, Equatable {
        /// Give the job to the worker.
        case assign(worker: Int, job: Int, token: UInt64)
        /// Take the job away from the worker. One that runs is to be stopped if `stop` is set, and goes on otherwise.
        case revoke(worker: Int, job: Int, token: UInt64, stop: Bool)
        /// The report counts: record it.
        case accept(job: Int, token: UInt64)
        /// The report is outdated.
        case discard(job: Int, token: UInt64)
        /// The worker lives but makes no progress; it gets no jobs until it does.
        case stalled(worker: Int)
        /// The worker made no progress for too long: it counts as lost.
        case evict(worker: Int)
        /// Too many workers were lost while they ran the job.
        case giveUp(job: Int)
    }

    /// Where a job is.
    enum Status: UInt8, Sendable {
        case idle, queued
        /// A worker has it, and has not begun it as far as is known.
        case assigned
        /// As `assigned`, but it is to be returned, so that another worker gets it.
        case moving
        case running
        /// Its report was accepted, and is not recorded yet.
        case reported
        /// It was withdrawn, and the worker has not confirmed that.
        case stopping
        /// As `stopping`; it is queued again when the worker has confirmed.
        case stoppingBeforeQueued
    }

    /// What the pool knows of a worker. Read in place, field by field: a copy counts references of all of its parts.
    struct Seat: Sendable {
        var worker: Worker
        /// Jobs that it has, in no order, with the time at which each began.
        var jobs: [(job: Int32, began: Duration?)] = []
        /// How many of them it has not begun.
        var notBegun = 0
        var accepted = BitSet()
        var cache = 0
        var lastProgress: Duration
        var isStalled = false
        /// How long its jobs take in comparison with what was expected: a moving average.
        var slowness = 1.0

        var hasFreeSlot: Bool { jobs.count < worker.slots }
        var hasRoom: Bool { jobs.count < worker.slots + worker.backlog }
        var isUsable: Bool { worker.mode == .ready && !isStalled }
        /// Whether it may have jobs that it has not begun and has no slot for.
        var mayGiveJobs: Bool { notBegun > 0 && (jobs.count > worker.slots || !isUsable) }
        /// How long a job that it gets last waits, in expected durations of jobs.
        var wait: Double { Double(jobs.count) * slowness / Double(max(1, worker.slots)) }
    }

    /// After how long without progress a busy worker gets no more jobs; nil: never.
    public let stallTime: Duration?
    /// After how long without progress a busy worker counts as lost.
    public let evictionTime: Duration?
    /// How many workers a job may lose before it is given up.
    public let lossLimit: Int

    var now = Duration.zero
    var token: UInt64
    var requirements: [Requirement] = []
    var requirementNumbers: [Requirement: Int] = [:]
    /// For each requirement the ranks of the queued jobs.
    var queues: [RankSet] = []
    /// For each requirement how often in a row a nearer job was preferred to the first of the queue.
    var skips: [Int] = []
    /// The requirements that have queued jobs.
    var nonempty = BitSet()
    /// For each requirement the workers that can run it.
    var capable: [BitSet] = []
    /// Usable workers with a free slot, and those with room in their backlog.
    var free = BitSet()
    var roomy = BitSet()
    var freeWorkers = 0
    var moving = 0
    var notBegun = 0
    var seats: [Seat?] = []
    var caches: [String: Int] = [:]
    /// For each cache the workers that use it.
    var sharers: [BitSet] = []
    /// Where the search for a free worker starts, so that all get their share.
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
    /// The worker that has the job, and its place among that worker's jobs.
    var holders: [Int32] = []
    var places: [Int32] = []
    /// The cache that has the job's layer; -1 where it is not known.
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

    /// How many jobs behind the first of a queue may be preferred to it, and how often in a row.
    static let window = 7
    public static let skipLimit = 8

    /// Jobs that workers have, including those that are being stopped.
    public internal(set) var assigned = 0

    /// The newest token of the job.
    func currentToken(of job: Int) -> UInt64 { tokens[job] }

    /// The worker that has the job.
    public func worker(of job: Int) -> Int? { holders[job] < 0 ? nil : Int(holders[job]) }

    /// How many jobs run at once at best, slow workers counted as fractions.
    public var throughput: Double {
        seats.reduce(0) { sum, seat in
            guard let seat, seat.isUsable else { return sum }
            return sum + Double(seat.worker.slots) / seat.slowness
        }
    }
}
