/// A way to read an error in a log.
///
/// Patterns are searched for in every line, without the codes of terminals, time stamps and the prefixes that tools set before
/// the lines of others. The line to report is the first one that a pattern of the highest precedence matches.
///
/// - SeeAlso: `docs/decisions/0201-precedence-of-patterns.md`
public struct LogPattern: Codable, Hashable, Sendable {
    /// What went wrong.
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
        /// An error of none of these kinds, or a line that names no cause.
        case unknown
    }

    /// Who is to blame.
    public enum Origin: String, Codable, Hashable, Sendable, CaseIterable {
        case package, infrastructure
    }

    /// How surely a matching line is the cause. A line of a higher precedence is reported before any of a lower one.
    public enum Precedence: String, Codable, Hashable, Sendable, CaseIterable, Comparable {
        /// Builds end with such a line.
        case cause
        /// Usually the cause, although builds also go on after such a line.
        case likely
        /// The common form of an error message, of any tool.
        case possible
        /// Words that errors have, and other lines too: of several such lines the last is reported.
        case vague
        /// Says that something failed, and not what: `make: *** [all] Error 2`.
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

    /// Unique in its list; lower-case letters, digits and `-`: `missing-header`. A plugin's pattern replaces the common one of
    /// the same name.
    public var name: String
    /// What went wrong where a line matches.
    public var kind: Kind
    /// How surely; `cause` if absent.
    public var precedence: Precedence?
    /// Who is to blame, where it is not who the kind blames.
    public var origin: Origin?
    /// A regular expression that is searched for in one line without its end and without blanks around it. What its groups match
    /// is kept in the signature as it is.
    public var expression: String
    /// A regular expression: lines in which it is found do not match.
    public var exclusion: String?
    /// Texts of five bytes or more, of which every matching line has one. Without them only the last lines of a log are tried.
    public var literals: [String]?
    /// The phase to blame, where it is not the one of the step that failed.
    public var phase: Step.Phase?
    /// The phases in which such a line is expected. In others the precedence is at most `possible`.
    public var phases: [Phase]?
    /// The line to report is this many lines after the matching one; blank lines do not count.
    public var following: Int?
    /// A regular expression: the line to report is the last one before the matching line that it matches, if there is one.
    public var preceding: String?
    /// What is common to failures that differ in a name only, `$1` … `$9` replaced by what the groups matched: `unbound module *`.
    /// The pattern's name where absent.
    public var failureClass: String?
    /// Lines that match, each with the signature that must result. At least one.
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
    /// Whom an error of this kind blames.
    public var origin: LogPattern.Origin {
        switch self {
        case .network, .mirror, .noSpace, .outOfMemory, .timeOut, .sandbox, .runner: .infrastructure
        default: .package
        }
    }
}

/// The answer to `patterns`.
public struct PatternsAnswer: Codable, Hashable, Sendable {
    /// The patterns; of those of one precedence that match one line, the first one counts.
    public var patterns: [LogPattern]

    public init(patterns: [LogPattern]) {
        self.patterns = patterns
    }
}
