public import Core

/// What is asked of one target with one compiler, normalised, at exact repository commits.
///
/// Its id is the digest of its canonical JSON. Two matrices that say the same in other words have equal tasks.
public struct PlannedTask: Codable, Hashable, Sendable {
    /// The name of the target.
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
    /// The plugin that describes the target.
    public var plugin: Job.Plugin
    /// Versions by package name.
    public var pins: [String: String]
    /// How many package versions are asked for.
    public var packages: Int
    /// Of the requests, in the order of cells, each a line: the package version, then `with-test`, `with-doc` and
    /// `lower-bounds` where that is asked for. The cells of the plan are the list.
    public var requests: Digest

    public init(
        target: String, compiler: String, roots: [String], repositories: [Plan.Repository], environment: Digest,
        plugin: Job.Plugin, pins: [String: String] = [:], packages: Int, requests: Digest
    ) {
        self.target = target
        self.compiler = compiler
        self.roots = roots
        self.repositories = repositories
        self.environment = environment
        self.plugin = plugin
        self.pins = pins
        self.packages = packages
        self.requests = requests
    }
}
