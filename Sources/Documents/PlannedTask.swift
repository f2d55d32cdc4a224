public import Core

/// What is asked of one target with one compiler, normalised, at exact repository commits.
///
/// Its id is the digest of its canonical JSON. Two matrices that say the same in other words have equal tasks.
public struct PlannedTask: Codable, Hashable, Sendable {
    /// What is asked for one package version.
    public struct Request: Hashable, Sendable, CustomStringConvertible {
        /// `NAME.VERSION`
        public var package: String
        public var withTest: Bool
        public var withDoc: Bool
        /// Built with the oldest versions that do.
        public var lowerBounds: Bool

        public init(package: String, withTest: Bool = false, withDoc: Bool = false, lowerBounds: Bool = false) {
            self.package = package
            self.withTest = withTest
            self.withDoc = withDoc
            self.lowerBounds = lowerBounds
        }

        /// `lwt.5.7.0 with-test`
        public var description: String {
            package + (withTest ? " with-test" : "") + (withDoc ? " with-doc" : "")
                + (lowerBounds ? " lower-bounds" : "")
        }
    }

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
    /// How many package versions are asked for.
    public var packages: Int
    /// Of the requests, each a line, in the order of cells. The cells of the plan are the list.
    public var requests: Digest

    public init(
        target: String, compiler: String, roots: [String], repositories: [Plan.Repository], environment: Digest,
        plugin: Job.Plugin, pins: [String: String] = [:], requests: some Sequence<Request>
    ) {
        self.target = target
        self.compiler = compiler
        self.roots = roots
        self.repositories = repositories
        self.environment = environment
        self.plugin = plugin
        self.pins = pins
        var lines: [UInt8] = []
        packages = 0
        for request in requests {
            packages += 1
            lines += Array("\(request)\n".utf8)
        }
        self.requests = Digest(of: lines)
    }
}
