public import Core

/// What is asked of one target with one compiler, normalised, at exact repository commits.
///
/// Its id is the digest of its canonical JSON. Two matrices that say the same in other words have equal tasks.
public struct PlannedTask: Codable, Hashable, Sendable {
    public var target: String
    /// As cells name it.
    public var compiler: String
    /// The opam packages that make the compiler, with their versions where those are asked for: `ocaml.5.3.0`,
    /// `ocaml-option-flambda`. In the order in which they are solved for.
    public var roots: [String]
    /// In order of precedence.
    public var repositories: [Plan.Repository]
    /// Of the target's variables and environment.
    public var environment: Digest
    public var plugin: Job.Plugin
    /// Versions by package name.
    public var pins: [String: String]
    /// The package versions asked for, in the order of cells.
    public var packages: [PackageVersion]
    /// Those whose tests are asked for, by name.
    public var withTest: [String]
    /// Those whose documentation is asked for, by name.
    public var withDoc: [String]
    /// Those that are built with the oldest versions that do, by name.
    public var lowerBounds: [String]

    public init(
        target: String, compiler: String, roots: [String], repositories: [Plan.Repository], environment: Digest,
        plugin: Job.Plugin, pins: [String: String] = [:], packages: [PackageVersion], withTest: [String] = [],
        withDoc: [String] = [], lowerBounds: [String] = []
    ) {
        self.target = target
        self.compiler = compiler
        self.roots = roots
        self.repositories = repositories
        self.environment = environment
        self.plugin = plugin
        self.pins = pins
        self.packages = packages
        self.withTest = withTest
        self.withDoc = withDoc
        self.lowerBounds = lowerBounds
    }
}
