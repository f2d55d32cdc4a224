public import Core

/// The build or test of one package version in one environment over input jobs.
///
/// Its id is the digest of its canonical JSON, so that equal work has the same id in every deployment, run and machine.
/// Its fields are everything that may change the result of the build, and nothing else.
public struct Job: Codable, Hashable, Sendable {
    /// Whether a job builds a package or runs the tests of a built package.
    public enum Kind: String, Codable, Sendable {
        /// Builds and installs the package, and adds a layer.
        case build
        /// Runs the package's tests over its build job, and adds no layer.
        case test
    }

    /// The program that carries out the package's recipe.
    public enum Engine: String, Codable, Sendable {
        /// The runner.
        case recipe
        /// The target's opam client.
        case opam
    }

    /// The plugin that supplies the steps.
    public struct Plugin: Codable, Hashable, Sendable {
        /// The plugin's name.
        public var name: String
        /// The plugin's version, as it states it.
        public var version: String
        /// The digest of the plugin's answer for the target, not of its file: equal for every build of the same
        /// sources.
        public var digest: Digest

        public init(name: String, version: String, digest: Digest) {
            self.name = name
            self.version = version
            self.digest = digest
        }
    }

    /// The resource limits of a build. Absent for the worker's defaults, which are not part of the id.
    public struct Limits: Codable, Hashable, Sendable {
        /// Wall-clock seconds.
        public var time: Int?
        /// Seconds without output.
        public var silence: Int?
        /// Bytes of memory.
        public var memory: Int?
        /// Bytes written.
        public var disk: Int?
        /// Bytes of log.
        public var log: Int?

        public init(time: Int? = nil, silence: Int? = nil, memory: Int? = nil, disk: Int? = nil, log: Int? = nil) {
            self.time = time
            self.silence = silence
            self.memory = memory
            self.disk = disk
            self.log = log
        }
    }

    /// Whether the job builds or tests the package.
    public var kind: Kind
    /// The package version that is built or tested.
    public var package: PackageVersion
    /// The digest of the opam file and the package's `files/`: the name of the tree that holds them in the store.
    public var opam: Digest
    /// The sorted ids of the direct inputs: the jobs whose layers this job runs over.
    public var inputs: [Digest]
    /// The name of the cell's compiler in the matrix.
    public var compiler: String
    /// The digest of the target's variables and of the description of its environment.
    public var environment: Digest
    /// The plugin that describes the target.
    public var plugin: Plugin
    /// The sorted system packages, under the distribution's names, that this package itself needs.
    public var systemPackages: [String]
    /// The limits that the matrix sets; nil for the defaults.
    public var limits: Limits?
    /// Whether the package's documentation is built and installed too. Absent for no.
    public var documentation: Bool?
    /// The program that carries out the recipe. Absent for the runner.
    public var engine: Engine?
    /// Sorted globs of paths, relative to the switch's prefix, that the job may change although an input installed
    /// them. Absent if there are none.
    public var allowedOverwrites: [String]?

    public init(
        kind: Kind, package: PackageVersion, opam: Digest, inputs: [Digest], compiler: String, environment: Digest,
        plugin: Plugin, systemPackages: [String] = [], limits: Limits? = nil, documentation: Bool? = nil,
        engine: Engine? = nil, allowedOverwrites: [String]? = nil
    ) {
        self.kind = kind
        self.package = package
        self.opam = opam
        self.inputs = inputs
        self.compiler = compiler
        self.environment = environment
        self.plugin = plugin
        self.systemPackages = systemPackages
        self.limits = limits
        self.documentation = documentation
        self.engine = engine
        self.allowedOverwrites = allowedOverwrites
    }
}
