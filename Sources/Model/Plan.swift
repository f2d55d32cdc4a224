public import Core
public import PluginMessages

/// What a matrix comes to at exact repository commits: every cell, and the jobs that decide them.
public struct Plan: Sendable, Hashable {
    /// A repository at the commit that was planned, the first having precedence.
    public struct Repository: Codable, Hashable, Sendable {
        /// As in the matrix: a URL or a path.
        public var location: String
        /// 40 hexadecimal digits; for a plain folder, the digest of its contents.
        public var commit: String

        public init(location: String, commit: String) {
            self.location = location
            self.commit = commit
        }
    }

    /// The OCI image that a target's environment is made from.
    public struct Image: Codable, Hashable, Sendable {
        /// Where it is, with the digest of its manifest: `docker.io/opensuse/leap@sha256:…`, `oci:DIRECTORY@sha256:…`. Only the
        /// digest is part of jobs' ids.
        public var reference: String
        /// The environment variables of its configuration.
        public var variables: [String: String]

        public init(reference: String, variables: [String: String]) {
            self.reference = reference
            self.variables = variables
        }
    }

    /// The virtual machine that jobs of a target run in.
    public struct Machine: Codable, Hashable, Sendable {
        /// A file that the machine is started with.
        public struct File: Codable, Hashable, Sendable {
            /// Absolute.
            public var path: String
            /// The SHA-256 of its contents.
            public var digest: Digest

            public init(path: String, digest: Digest) {
                self.path = path
                self.digest = digest
            }
        }

        /// Where the image of its disk is: an absolute path, or the address of a file.
        public var image: String
        /// The SHA-256 of the image.
        public var checksum: Digest
        /// A Linux kernel to load instead of a boot loader.
        public var kernel: File?
        /// The initial RAM disk for the kernel.
        public var initrd: File?
        /// The command line of the kernel.
        public var arguments: String?
        /// In MiB; nil where the worker decides.
        public var memory: Int?
        /// The number of processors; nil where the worker decides.
        public var processors: Int?
        /// What the matrix says instead of the plugin.
        public var overrides: MachineDescription
        /// The absolute path of the private key for ssh; nil for one that the worker makes.
        public var key: String?
        /// Seconds until the machine must answer after it was started; nil where the worker decides.
        public var bootTime: Int?

        public init(image: String, checksum: Digest, overrides: MachineDescription = MachineDescription()) {
            self.image = image
            self.checksum = checksum
            self.overrides = overrides
        }
    }

    /// A target as its plugin described it when the plan was made.
    ///
    /// There are two of one name where some compilers are the distro's own and others are not: their environments
    /// differ. A job's is the one that has the job's `environment`.
    public struct Target: Codable, Hashable, Sendable {
        /// The target's name in the matrix.
        public var name: String
        /// The plugin that serves the target.
        public var plugin: Job.Plugin
        /// What is asked of the plugin: the first part of the target's name, as the plugin calls it.
        public var distribution: String
        /// The distribution's version; nil where it has none.
        public var version: String?
        /// In opam's spelling: `x86_64`.
        public var architecture: String
        /// Whether the environment has the distro's own OCaml.
        public var systemCompiler: Bool
        /// Who carries out recipes there; nil for the runner itself.
        public var engine: Job.Engine?
        /// Where its jobs run: `ssh://[USER@]HOST[:PORT]`, several separated by spaces; nil where the worker's settings say
        /// it, or in a sandbox of the worker.
        public var host: String?
        /// The image of the environment; nil where it is made otherwise.
        public var image: Image?
        /// The virtual machine that its jobs run in; nil where they run elsewhere.
        public var machine: Machine?
        /// What a worker must have to run its jobs, each once and sorted; nil: nothing.
        public var labels: [String]?
        /// Options of the matrix for the plugin.
        public var options: [String: String]
        /// Opam's variables there (`os`, `arch`, …).
        public var variables: [String: String]
        /// Identifies the environment that jobs run in, by the digest of its description.
        public var environment: Digest
        /// Cells of an advisory target never make a run fail.
        public var required: Bool

        public init(
            name: String, plugin: Job.Plugin, distribution: String, version: String?, architecture: String,
            systemCompiler: Bool, engine: Job.Engine? = nil, host: String? = nil, image: Image? = nil,
            options: [String: String], variables: [String: String], environment: Digest, required: Bool
        ) {
            self.name = name
            self.plugin = plugin
            self.distribution = distribution
            self.version = version
            self.architecture = architecture
            self.systemCompiler = systemCompiler
            self.engine = engine
            self.host = host
            self.image = image
            self.options = options
            self.variables = variables
            self.environment = environment
            self.required = required
        }
    }

    /// The name of the deployment.
    public var deployment: String
    /// The repositories at the commits that were planned, in order of priority.
    public var repositories: [Repository]
    /// By name, without the distro's OCaml before with it.
    public var targets: [Target]
    /// What was asked: one for every target and compiler that has cells, by those names.
    public var tasks: [PlannedTask]
    /// In order of their names.
    public var cells: [PlannedCell]
    /// All jobs that cells need, directly or as inputs of others, by id.
    public var jobs: [Digest: Job]
    /// What sources that move were at: the commit of a branch, the checksum of a folder, by their addresses.
    public var sources: [String: String]
    /// How often a job is run again whose failure would break a cell that was good.
    public var confirm: Int

    public init(
        deployment: String, repositories: [Repository], targets: [Target], tasks: [PlannedTask] = [],
        cells: [PlannedCell], jobs: [Digest: Job], sources: [String: String] = [:], confirm: Int? = nil
    ) {
        self.confirm = confirm ?? 1
        self.deployment = deployment
        self.repositories = repositories
        self.targets = targets
        self.tasks = tasks
        self.cells = cells
        self.jobs = jobs
        self.sources = sources
    }
}

extension Plan {
    /// Whether the plan has the cell.
    ///
    /// - Complexity: O(log cells).
    package func hasCell(_ cell: Cell) -> Bool {
        var (low, high) = (0, cells.count)
        while low < high {
            let middle = (low + high) / 2
            if cells[middle].cell < cell { low = middle + 1 } else { high = middle }
        }
        return low < cells.count && cells[low].cell == cell
    }
}

/// A cell of a plan, and what decides it.
public struct PlannedCell: Codable, Hashable, Sendable {
    /// What decides a cell.
    public enum Basis: Codable, Hashable, Sendable {
        /// The build job of the package, and the test job if its tests were asked for.
        case jobs(build: Digest, test: Digest?)
        /// Why no set of versions satisfies it, as a person would tell it.
        case unsolvable(explanation: String)
        /// Left out by the matrix, for the reason given there.
        case excluded(reason: String)
    }

    /// The cell that is planned.
    public var cell: Cell
    /// What decides the cell.
    public var basis: Basis
    /// False for cells of advisory targets and for those of which any failure is accepted: they never make a run fail.
    public var required: Bool
    /// That of the matrix's schedule: greater runs earlier.
    public var priority: Int
    /// Why a failure of this cell is accepted, where it is.
    public var accepted: String?
    /// Which failures are accepted and where they are tracked. Absent: any, where `accepted` is there.
    public var acceptance: Acceptance?
    /// The constraint that leaves the cell without a solution. Absent where it has one, the solver gave up, or the plan is of
    /// an older version.
    public var cause: UnsolvableCause?
    /// Why there is no test job although tests were asked for, as a person would tell it.
    public var untested: String?
    /// True where the rest of the cell is planned when its build job has succeeded: only a failure of that job decides the
    /// cell. Absent otherwise.
    public var provisional: Bool?

    public init(
        cell: Cell, basis: Basis, required: Bool = true, priority: Int = 0, accepted: String? = nil,
        acceptance: Acceptance? = nil, cause: UnsolvableCause? = nil, untested: String? = nil,
        provisional: Bool? = nil
    ) {
        self.provisional = provisional
        self.cell = cell
        self.basis = basis
        self.required = required
        self.priority = priority
        self.accepted = accepted
        self.acceptance = acceptance
        self.cause = cause
        self.untested = untested
    }
}
