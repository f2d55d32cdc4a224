public import Core

/// The assignment of a job to a worker: the ephemeral document `assignments/WORKER/JOB`, which exists until the
/// dispatcher removes it.
///
/// It has no owner, so that a dispatcher that takes over finds it.
///
/// - SeeAlso: `docs/decisions/0186-ownerless-assignments.md`
public struct JobAssignment: Codable, Hashable, Sendable {
    /// The dispatcher withdraws the assignment.
    public enum Revocation: String, Codable, Sendable {
        /// The worker returns the job unless it has started it.
        case unlessBegun
        /// The worker stops the job if it has started it.
        case stop
    }

    /// The fencing token, greater than those of all previous assignments of the job.
    public var attempt: UInt64
    /// The deployment whose dispatcher assigned the job.
    public var deployment: String
    /// The digest of the `ExecutionRequest`; its identity if only the dispatcher's process has it.
    public var request: Digest
    /// The object that contains the request and others; absent if the request is a separate object.
    public var bundle: Digest?
    /// The offset of the request in the bundle in bytes.
    public var offset: Int?
    /// The size of the request in the bundle in bytes, including the list of jobs.
    public var size: Int?
    /// The first of the cells that the job decides, by target, compiler and package.
    public var cell: Cell
    /// Whether the job builds the package or runs its tests.
    public var kind: Job.Kind
    /// Jobs of greater priority start first.
    public var priority: Int
    /// The addresses of the hosts whose slots the job uses; absent if it uses a slot for sandboxes.
    public var lane: String?
    /// The withdrawal of the assignment; absent while it is valid.
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

/// The progress of a running job: the ephemeral document `progress/JOB`, which exists while a worker holds the job.
///
/// It is also the worker's claim on the job: a worker starts a job only after creating the document, whose path
/// contains only the job's id, so a job never runs twice at the same time, even for different deployments. It ends with
/// its worker, or when the result is recorded.
///
/// - SeeAlso: `docs/decisions/0185-worker-claims.md`
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
    /// The current step: `build`, `install`, …
    public var step: String
    /// `USER@HOST` of the host that it runs on, with the port if one is configured; absent for a sandbox.
    public var host: String?
    /// When it started, in seconds since 1970.
    public var began: Int
    /// When its last output was noticed, in seconds since 1970.
    public var output: Int?
    /// When the worker sent its last heartbeat, in seconds since 1970.
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
