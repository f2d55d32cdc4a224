public import Core
public import Documents

/// A job and all that a runner must know to run it.
public struct JobRequest: Sendable {
    /// A job that ran before, with the layer it left.
    public struct Input: Sendable {
        public var id: Digest
        public var job: Job
        public var layer: Digest
        public var files: PackageFiles

        public init(id: Digest, job: Job, layer: Digest, files: PackageFiles) {
            self.id = id
            self.job = job
            self.layer = layer
            self.files = files
        }
    }

    public var id: Digest
    public var job: Job
    public var files: PackageFiles
    /// Everything that the job is built over, direct and indirect, dependencies first.
    public var inputs: [Input]
    public var target: Plan.Target

    public init(id: Digest, job: Job, files: PackageFiles, inputs: [Input], target: Plan.Target) {
        self.id = id
        self.job = job
        self.files = files
        self.inputs = inputs
        self.target = target
    }
}

/// What became of a job.
public struct JobReport: Sendable {
    public var outcome: Outcome
    /// Whether the same would happen again in this run: an infrastructure failure that is not worth another attempt.
    public var isPermanent = false
    public var phase: Phase?
    public var signature: String?
    /// The error line as printed, or what the machine lacked.
    public var reason: String?
    public var log: Digest?
    public var layer: Digest?
    /// Files of other packages that the job changed, and that its matrix lets it change.
    public var overwrites: [CellResult.Overwrite] = []
    /// Seconds of wall clock.
    public var duration: Double
    /// The host that it ran on and what that is; nil in a sandbox.
    public var machine: String?

    public init(outcome: Outcome, duration: Double) {
        self.outcome = outcome
        self.duration = duration
    }
}

/// Whatever can run a job: in a sandbox here, or on another host.
public protocol JobRunner: Sendable {
    /// Runs `request` to its end. Every failure is in the report; cancelling the task kills the build and reports
    /// `cancelled`.
    ///
    /// - Parameter progress: called at each new step.
    func run(_ request: JobRequest, progress: @escaping @Sendable (JobStep) -> Void) async -> JobReport

    /// Where the jobs of a target queue, where that is not with all others.
    func lane(of target: Plan.Target) -> Lane?

    /// Whether the layer is still there to build over.
    func holds(layer: Digest) -> Bool
}

extension JobRunner {
    public func lane(of target: Plan.Target) -> Lane? { nil }
}

/// What a job is at, and where.
public struct JobStep: Hashable, Sendable, CustomStringConvertible {
    /// A short phrase: `build`, `install`, …
    public var name: String
    /// `USER@HOST`, with the port where one is given; nil for this machine.
    public var host: String?

    public init(_ name: String, host: String? = nil) {
        self.name = name
        self.host = host
    }

    public var description: String { host.map { "\(name) on \($0)" } ?? name }
}

/// A queue of jobs of its own: so many of them run at once, however many others do.
public struct Lane: Hashable, Sendable {
    public var name: String
    public var slots: Int

    public init(name: String, slots: Int) {
        self.name = name
        self.slots = slots
    }
}
