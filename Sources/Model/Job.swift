public import Core

/// The build of one package version in one environment from input jobs.
///
/// Its id is the digest of its canonical JSON, so that equal work has an equal id in every deployment, run and
/// machine. Whatever may change what the build installs is a field; nothing else is.
public struct Job: Codable, Hashable, Sendable {
    /// Whether a job builds a package, or runs its tests over the built package.
    public enum Kind: String, Codable, Sendable {
        /// Builds and installs; gives a layer.
        case build
        /// Runs the package's tests over its build job; gives no layer.
        case test
    }

    /// Who carries out the package's recipe.
    public enum Engine: String, Codable, Sendable {
        /// The runner itself.
        case recipe
        /// The target's own opam client.
        case opam
    }

    /// The plugin that supplies the steps.
    public struct Plugin: Codable, Hashable, Sendable {
        /// The plugin's name.
        public var name: String
        /// The plugin's version, as it states it.
        public var version: String
        /// Of what the plugin answers for the target, not of its file: equal for every build of the same sources.
        public var digest: Digest

        public init(name: String, version: String, digest: Digest) {
            self.name = name
            self.version = version
            self.digest = digest
        }
    }

    /// What a build may use. Absent: the worker's defaults, which are no part of the id.
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

    /// What the job does.
    public var kind: Kind
    /// The package that is built or tested.
    public var package: PackageVersion
    /// Of the opam file and the package's `files/`: the name of the tree that holds them in the store.
    public var opam: Digest
    /// Ids of the jobs whose layers this one is built over, its direct inputs, sorted.
    public var inputs: [Digest]
    /// The compiler of the cell, as named in the matrix.
    public var compiler: String
    /// Of the target's variables and of what its environment is made from.
    public var environment: Digest
    /// The plugin that describes the target.
    public var plugin: Plugin
    /// System packages, as the distro names them, of this package alone, sorted.
    public var systemPackages: [String]
    /// The limits that the matrix sets; nil: the defaults.
    public var limits: Limits?
    /// Whether the package's documentation is made and installed too. Absent: no.
    public var documentation: Bool?
    /// Absent: the runner itself, which is every job's usual one.
    public var engine: Engine?
    /// Globs of paths, relative to the switch's prefix, that the job may change although they are an input's, sorted.
    /// Absent: none.
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
