public import Core
public import PluginMessages

/// The result of planning a matrix at exact repository commits: every cell, and the jobs that decide them.
public struct Plan: Sendable, Hashable {
    /// A repository at the commit that was planned. Earlier repositories take precedence.
    public struct Repository: Codable, Hashable, Sendable {
        /// The location in the matrix: a URL or a path.
        public var location: String
        /// 40 hexadecimal digits; for a plain directory, the digest of its contents.
        public var commit: String

        public init(location: String, commit: String) {
            self.location = location
            self.commit = commit
        }
    }

    /// The OCI image that a target's environment is created from.
    public struct Image: Codable, Hashable, Sendable {
        /// The location of the image with the digest of its manifest: `docker.io/opensuse/leap@sha256:…`,
        /// `oci:DIRECTORY@sha256:…`. Only the digest contributes to the ids of jobs.
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
            /// The absolute path.
            public var path: String
            /// The SHA-256 of its contents.
            public var digest: Digest

            public init(path: String, digest: Digest) {
                self.path = path
                self.digest = digest
            }
        }

        /// The location of its disk's image: an absolute path or a URL.
        public var image: String
        /// The SHA-256 of the image.
        public var checksum: Digest
        /// A Linux kernel to load instead of a boot loader.
        public var kernel: File?
        /// The initial RAM disk for the kernel.
        public var initrd: File?
        /// The command line of the kernel.
        public var arguments: String?
        /// The memory in MiB; nil for the worker's default.
        public var memory: Int?
        /// The number of processors; nil for the worker's default.
        public var processors: Int?
        /// The properties in the matrix that override those of the plugin.
        public var overrides: MachineDescription
        /// The absolute path of the private key for ssh; nil for one that the worker generates.
        public var key: String?
        /// The time limit for booting in seconds; nil for the worker's default.
        public var bootTime: Int?

        public init(image: String, checksum: Digest, overrides: MachineDescription = MachineDescription()) {
            self.image = image
            self.checksum = checksum
            self.overrides = overrides
        }
    }

    /// A target as its plugin described it when the plan was made.
    ///
    /// A name occurs twice if some compilers come from the distribution and others do not: their environments differ. A
    /// job belongs to the one with the job's `environment`.
    public struct Target: Codable, Hashable, Sendable {
        /// The target's name in the matrix.
        public var name: String
        /// The plugin that serves the target.
        public var plugin: Job.Plugin
        /// The distribution in the plugin's terms: the first part of the target's name.
        public var distribution: String
        /// The distribution's version; nil if it has none.
        public var version: String?
        /// The architecture in opam's spelling: `x86_64`.
        public var architecture: String
        /// Whether the environment contains the distribution's own OCaml.
        public var systemCompiler: Bool
        /// The program that carries out recipes; nil for the runner.
        public var engine: Job.Engine?
        /// The hosts that run its jobs: `ssh://[USER@]HOST[:PORT]`, several separated by spaces; nil if the worker's
        /// settings decide, or if jobs run in the worker's sandboxes.
        public var host: String?
        /// The image of the environment; nil if it is not created from an image.
        public var image: Image?
        /// The virtual machine that its jobs run in; nil if they run elsewhere.
        public var machine: Machine?
        /// The labels that a worker needs to run its jobs, unique and sorted; nil for none.
        public var labels: [String]?
        /// Options in the matrix for the plugin.
        public var options: [String: String]
        /// The values of opam's variables on the target (`os`, `arch`, …).
        public var variables: [String: String]
        /// Identifies the environment that jobs run in, by the digest of its description.
        public var environment: Digest
        /// Whether the target's cells can make a run fail; false for advisory targets.
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
    /// The targets by name; of two with one name, the one without the distribution's OCaml comes first.
    public var targets: [Target]
    /// The tasks: one for every target and compiler that has cells, sorted by their names.
    public var tasks: [PlannedTask]
    /// The cells, sorted by their names.
    public var cells: [PlannedCell]
    /// All jobs that the cells need, directly or as inputs, by id.
    public var jobs: [Digest: Job]
    /// The resolved state of unpinned sources by address: the commit of a branch, or the checksum of a directory.
    public var sources: [String: String]
    /// How often a failed job is repeated before a cell that was good is recorded as broken.
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

/// A cell of a plan and its basis.
public struct PlannedCell: Codable, Hashable, Sendable {
    /// What decides a cell.
    public enum Basis: Codable, Hashable, Sendable {
        /// The build job of the package, and the test job if its tests were requested.
        case jobs(build: Digest, test: Digest?)
        /// The explanation, for people, why no set of versions satisfies the request.
        case unsolvable(explanation: String)
        /// The cell is excluded by the matrix, for the reason given there.
        case excluded(reason: String)
    }

    /// The cell.
    public var cell: Cell
    /// What decides the cell.
    public var basis: Basis
    /// Whether a failure makes a run fail. False for cells of advisory targets and for cells of which any failure is
    /// accepted.
    public var required: Bool
    /// The priority from the matrix's schedule; cells with greater priority run earlier.
    public var priority: Int
    /// The reason why the matrix accepts a failure of this cell; nil if it does not.
    public var accepted: String?
    /// The failures that are accepted, and the issue that tracks them. If absent, `accepted` covers any failure.
    public var acceptance: Acceptance?
    /// The constraint that makes the cell unsolvable. Absent if the cell is solvable, if the solver gave up, and in
    /// plans of older versions.
    public var cause: UnsolvableCause?
    /// The explanation, for people, why there is no test job although tests were requested.
    public var untested: String?
    /// Whether the rest of the cell is planned only after its build job has succeeded: until then only a failure of
    /// that job decides the cell. Absent for no.
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
