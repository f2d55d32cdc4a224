public import Core
public import Model

/// A job and all that a runner must know to run it.
public struct JobRequest: Sendable {
    /// A job that ran before, with the layer it left.
    public struct Input: Sendable {
        /// The job's id.
        public var id: Digest
        /// The job itself.
        public var job: Job
        /// The layer that the input added.
        public var layer: Digest
        /// The package's opam file and what is beside it.
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
    /// The target that the job runs on.
    public var target: Plan.Target
    /// How often the job is run again where it fails, to tell a failure from chance.
    public var confirmations = 0

    public init(id: Digest, job: Job, files: PackageFiles, inputs: [Input], target: Plan.Target) {
        self.id = id
        self.job = job
        self.files = files
        self.inputs = inputs
        self.target = target
    }
}
