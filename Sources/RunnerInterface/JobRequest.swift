public import Core
public import Model

/// A job and everything that a runner needs to run it.
public struct JobRequest: Sendable {
    /// An input: a completed job with its layer.
    public struct Input: Sendable {
        /// The job's id.
        public var id: Digest
        /// The job itself.
        public var job: Job
        /// The layer that the input added.
        public var layer: Digest
        /// The package's opam file and `files/`.
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
    /// All direct and indirect inputs, in topological order.
    public var inputs: [Input]
    /// The target that the job runs on.
    public var target: Plan.Target
    /// How often a failed job is repeated to confirm the failure.
    public var confirmations = 0

    public init(id: Digest, job: Job, files: PackageFiles, inputs: [Input], target: Plan.Target) {
        self.id = id
        self.job = job
        self.files = files
        self.inputs = inputs
        self.target = target
    }
}
