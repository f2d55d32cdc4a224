public import Core

/// A job that a worker is to run, as `assignments/WORKER/JOB` says until the dispatcher removes it.
///
/// It has no owner: a dispatcher that takes over finds it.
public struct JobAssignment: Codable, Hashable, Sendable {
    /// That the job is not wanted from this worker any more.
    public enum Revocation: String, Codable, Sendable {
        /// The worker returns the job if it has not begun it.
        case unlessBegun
        /// The worker stops the job where it has begun it.
        case stop
    }

    /// The fencing token: greater than that of each former assignment of the job.
    public var attempt: UInt64
    /// The deployment whose dispatcher assigned the job.
    public var deployment: String
    /// The digest of the `ExecutionRequest` among the store's objects.
    public var request: Digest
    /// The first of the cells that the job decides, by target, compiler and package.
    public var cell: Cell
    /// Whether the job builds the package or runs its tests.
    public var kind: Job.Kind
    /// The greatest begins first.
    public var priority: Int
    /// The hosts whose slots the job uses, by their addresses; absent: a slot for sandboxes.
    public var lane: String?
    /// Absent: the job is wanted.
    public var revocation: Revocation?

    public init(
        attempt: UInt64, deployment: String, request: Digest, cell: Cell, kind: Job.Kind, priority: Int,
        lane: String? = nil
    ) {
        self.attempt = attempt
        self.deployment = deployment
        self.request = request
        self.cell = cell
        self.kind = kind
        self.priority = priority
        self.lane = lane
    }
}

/// What a worker is at with a job, as `progress/JOB` says while the worker has the job.
///
/// Its path names the job alone, and a worker begins a job only after it has set the value where none was: so no job runs
/// twice at once, whichever deployments want it. It ends with its worker, or when the result is recorded.
public struct JobProgress: Codable, Hashable, Sendable {
    /// The first of the cells that the job decides, by target, compiler and package.
    public var cell: Cell
    /// Whether the job builds the package or runs its tests.
    public var kind: Job.Kind
    /// The job's id.
    public var job: String
    /// The deployment whose dispatcher assigned it.
    public var deployment: String
    /// The worker's id.
    public var worker: String
    /// The fencing token of the assignment.
    public var attempt: UInt64
    /// What it is at: `build`, `install`, …
    public var step: String
    /// `USER@HOST` of the machine that it runs on, with the port where one is given; absent for a sandbox of the worker's.
    public var host: String?
    /// When it began: seconds since 1970.
    public var began: Int
    /// When it printed something last, as far as that was noticed: seconds since 1970.
    public var output: Int?
    /// When the worker showed last that it lives, by a heartbeat: seconds since 1970.
    public var seen: Int?

    public init(
        cell: Cell, kind: Job.Kind, job: String, deployment: String, worker: String, attempt: UInt64, step: String,
        host: String? = nil, began: Int, output: Int? = nil
    ) {
        self.cell = cell
        self.kind = kind
        self.job = job
        self.deployment = deployment
        self.worker = worker
        self.attempt = attempt
        self.step = step
        self.host = host
        self.began = began
        self.output = output
    }
}
