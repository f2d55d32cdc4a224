/// A pattern of error messages in logs.
///
/// Patterns are matched against every line, after removing terminal codes, time stamps and the prefixes that tools add
/// to other tools' lines. The reported line is the first one matched by a pattern of the highest precedence.
///
/// - SeeAlso: `docs/decisions/0201-precedence-of-patterns.md`
public struct LogPattern: Codable, Hashable, Sendable {
    /// The kind of an error.
    public enum Kind: String, Codable, Hashable, Sendable, CaseIterable {
        // OCaml
        case missingModule = "missing-module"
        case unboundName = "unbound-name"
        case typeError = "type-error"
        case inconsistentInterface = "inconsistent-interface"
        case warningAsError = "warning-as-error"
        // C and the linker
        case cError = "c-error"
        case missingHeader = "missing-header"
        case missingLibrary = "missing-library"
        case undefinedSymbol = "undefined-symbol"
        case duplicateSymbol = "duplicate-symbol"
        case relocation
        // Build tools
        case missingOCamlLibrary = "missing-ocaml-library"
        case noRule = "no-rule"
        case duneVersion = "dune-version"
        case internalError = "internal-error"
        case configureError = "configure-error"
        case missingTool = "missing-tool"
        case makeSyntax = "make-syntax"
        case shellSyntax = "shell-syntax"
        case toolOption = "tool-option"
        case compilerCrash = "compiler-crash"
        // Sources and packages
        case patch, checksum, network, mirror
        case missingSystemPackage = "missing-system-package"
        case solver
        // The machine
        case noSpace = "no-space"
        case outOfMemory = "out-of-memory"
        case timeOut = "time-out"
        case permission, sandbox, runner
        // Tests
        case testFailure = "test-failure"
        case localeTimezone = "locale-timezone"
        /// An error of no other kind, or a line that names no cause.
        case unknown
    }

    /// Whether the package or the infrastructure is at fault.
    public enum Origin: String, Codable, Hashable, Sendable, CaseIterable {
        case package, infrastructure
    }

    /// How certainly a matching line is the cause. Lines of higher precedence are reported before those of lower
    /// precedence.
    public enum Precedence: String, Codable, Hashable, Sendable, CaseIterable, Comparable {
        /// A line that ends builds.
        case cause
        /// Usually the cause, although builds may continue after such a line.
        case likely
        /// The common form of an error message, of any tool.
        case possible
        /// Words that occur in errors, but also in other lines: the last of several such lines is reported.
        case vague
        /// A line that reports a failure without its cause: `make: *** [all] Error 2`.
        case weak

        /// Whether `left` is the higher precedence.
        public static func < (left: Precedence, right: Precedence) -> Bool { left.rank < right.rank }

        private var rank: Int {
            switch self {
            case .cause: 0
            case .likely: 1
            case .possible: 2
            case .vague: 3
            case .weak: 4
            }
        }
    }

    /// The phases of a job.
    public enum Phase: String, Codable, Hashable, Sendable, CaseIterable {
        case fetch, depext, configure, build, test, install
    }

    /// The name, unique in its list, of lower-case letters, digits and `-`: `missing-header`. A plugin's pattern
    /// replaces the common one with the same name.
    public var name: String
    /// The kind of the error.
    public var kind: Kind
    /// The precedence; `cause` if absent.
    public var precedence: Precedence?
    /// Who is at fault, if it differs from the default of the kind.
    public var origin: Origin?
    /// A regular expression that is searched in a line without its line feed and surrounding blanks. The matches of its
    /// groups are kept unchanged in the signature.
    public var expression: String
    /// A regular expression; lines that contain a match are excluded.
    public var exclusion: String?
    /// Texts of at least five bytes, one of which occurs in every matching line. Without them only the last lines of a
    /// log are searched.
    public var literals: [String]?
    /// The phase to report, if it is not that of the failed step.
    public var phase: Step.Phase?
    /// The phases in which such a line is expected. In others its precedence is at most `possible`.
    public var phases: [Phase]?
    /// The number of non-blank lines after the matching one at which the line to report is.
    public var following: Int?
    /// A regular expression: the line to report is its last match before the matching line, if there is one.
    public var preceding: String?
    /// The class of failures that differ only in a name, with `$1` … `$9` replaced by the matches of the groups:
    /// `unbound module *`. The pattern's name if absent.
    public var failureClass: String?
    /// Matching lines with the signatures that must result, at least one.
    public var examples: [Example]

    enum CodingKeys: String, CodingKey {
        case name, kind, precedence, origin, expression, exclusion, literals, phase, phases, following, preceding
        case failureClass = "class"
        case examples
    }

    /// A line that a pattern must match.
    public struct Example: Codable, Hashable, Sendable {
        /// A line that the pattern must match.
        public var line: String
        /// The signature that the line must give.
        public var signature: String

        public init(_ line: String, _ signature: String) {
            self.line = line
            self.signature = signature
        }
    }

    public init(
        _ name: String, _ kind: Kind, _ expression: String, precedence: Precedence? = nil, origin: Origin? = nil,
        exclusion: String? = nil, literals: [String]? = nil, phase: Step.Phase? = nil, phases: [Phase]? = nil,
        following: Int? = nil, preceding: String? = nil, class failureClass: String? = nil, examples: [Example]
    ) {
        self.name = name
        self.kind = kind
        self.precedence = precedence
        self.origin = origin
        self.expression = expression
        self.exclusion = exclusion
        self.literals = literals
        self.phase = phase
        self.phases = phases
        self.following = following
        self.preceding = preceding
        self.failureClass = failureClass
        self.examples = examples
    }
}

extension LogPattern.Kind {
    /// Who is at fault for errors of this kind.
    public var origin: LogPattern.Origin {
        switch self {
        case .network, .mirror, .noSpace, .outOfMemory, .timeOut, .sandbox, .runner: .infrastructure
        default: .package
        }
    }
}

/// The answer to `patterns`.
public struct PatternsAnswer: Codable, Hashable, Sendable {
    /// The patterns; of those of equal precedence that match a line, the first is used.
    public var patterns: [LogPattern]

    public init(patterns: [LogPattern]) {
        self.patterns = patterns
    }
}
