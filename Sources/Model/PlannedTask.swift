public import Core

/// The packages requested of one target with one compiler, normalised, at exact repository commits.
///
/// Its id is the digest of its canonical JSON. Matrices that request the same in different words have equal tasks.
public struct PlannedTask: Codable, Hashable, Sendable {
    /// The name of the target.
    public var target: String
    /// The name of the compiler in cells.
    public var compiler: String
    /// The opam packages that form the compiler, with their versions if those are requested: `ocaml.5.3.0`,
    /// `ocaml-option-flambda`, in the order in which they are solved.
    public var roots: [String]
    /// The repositories in order of precedence.
    public var repositories: [Plan.Repository]
    /// The digest of the target's variables and environment.
    public var environment: Digest
    /// The plugin that describes the target.
    public var plugin: Job.Plugin
    /// The versions of pinned packages by name.
    public var pins: [String: String]
    /// The number of requested package versions.
    public var packages: Int
    /// The digest of the requests in the order of cells, one line each: the package version, then `with-test`,
    /// `with-doc` and `lower-bounds` if requested. The cells of the plan are the list itself.
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
