/// Asks for the steps of one package: the request of `steps`.
///
/// The recipe is the opam file's own, with every variable already replaced and every filter already decided. The
/// plugin says how such commands are run on the distro.
public struct StepsRequest: Codable, Hashable, Sendable {
    /// The target of the job.
    public var target: TargetRequest
    /// The package's name.
    public var package: String
    /// The package's version.
    public var version: String
    /// Each command is a program and its arguments.
    public var build: [[String]]
    /// `run-test`; empty if tests are not asked for.
    public var test: [[String]]
    /// The commands of `install:`, each a list of words.
    public var install: [[String]]
    /// The commands of `remove:`, each a list of words.
    public var remove: [[String]]
    /// Where the package's source is, patched and substituted; absolute, in the environment.
    public var sourceDirectory: String
    /// The switch that it is installed into; absolute, in the environment.
    public var prefix: String
    /// What opam sets for commands: `OPAM_SWITCH_PREFIX`, `PATH`, `MAKEFLAGS`, `build-env` …
    public var environment: [String: String]

    public init(
        target: TargetRequest, package: String, version: String, build: [[String]], test: [[String]] = [],
        install: [[String]], remove: [[String]] = [], sourceDirectory: String, prefix: String,
        environment: [String: String]
    ) {
        self.target = target
        self.package = package
        self.version = version
        self.build = build
        self.test = test
        self.install = install
        self.remove = remove
        self.sourceDirectory = sourceDirectory
        self.prefix = prefix
        self.environment = environment
    }
}

/// The answer to `steps`: in the order in which they are run. Those of the phase `remove` are for removing only.
public struct StepsAnswer: Codable, Hashable, Sendable {
    /// The steps in the order in which they run.
    public var steps: [Step]

    public init(steps: [Step]) {
        self.steps = steps
    }
}
