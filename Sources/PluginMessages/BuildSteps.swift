/// The request of `steps`: the steps of one package.
///
/// The recipe is that of the opam file, with all variables expanded and all filters evaluated. The plugin determines
/// how these commands are run on the distribution.
public struct StepsRequest: Codable, Hashable, Sendable {
    /// The target of the job.
    public var target: TargetRequest
    /// The package's name.
    public var package: String
    /// The package's version.
    public var version: String
    /// The commands of `build:`, each a program with its arguments.
    public var build: [[String]]
    /// The commands of `run-test:`; empty if tests are not requested.
    public var test: [[String]]
    /// The commands of `install:`, each a program with its arguments.
    public var install: [[String]]
    /// The commands of `remove:`, each a program with its arguments.
    public var remove: [[String]]
    /// The absolute path in the environment of the package's source, with patches and substitutions applied.
    public var sourceDirectory: String
    /// The absolute path in the environment of the switch that it is installed into.
    public var prefix: String
    /// The environment variables that opam sets for commands: `OPAM_SWITCH_PREFIX`, `PATH`, `MAKEFLAGS`, `build-env` …
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

/// The answer to `steps`. Steps of the phase `remove` are only used for removing the package.
public struct StepsAnswer: Codable, Hashable, Sendable {
    /// The steps in the order in which they run.
    public var steps: [Step]

    public init(steps: [Step]) {
        self.steps = steps
    }
}
