/// A way to read an error in a log. Patterns are tried line by line; of all lines that match, the one whose pattern
/// comes first in the list tells what went wrong, and of equals the first line.
public struct LogPattern: Codable, Hashable, Sendable {
    /// What a matching line means.
    public enum Kind: String, Codable, Hashable, Sendable, CaseIterable {
        /// The package is to blame.
        case failure
        /// The machine, the network or a mirror is to blame: never cached, retried.
        case infrastructure
        /// The package needs a system package that it does not declare.
        case missingSystemPackage = "missing-system-package"
        case outOfMemory = "out-of-memory"
        case noSpace = "no-space"
    }

    /// Unique in its list; lower-case letters, digits and `-`: `missing-header`.
    public var name: String
    /// What a match means.
    public var kind: Kind
    /// A regular expression of the subset that Swift, PCRE and ICU share, searched for in one line without its end.
    public var expression: String
    /// Text that every matching line has, so that most lines need no regular expression. Absent: every line is tried.
    public var literal: String?
    /// The phase to blame, where it is not the one of the step that failed.
    public var phase: Step.Phase?
    /// The signature of the failure, `$1` … `$9` replaced by what the groups matched: equal for equal failures, so
    /// without paths, numbers and addresses.
    public var signature: String
    /// Lines that match, each with the signature that must result. At least one.
    public var examples: [Example]

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
        _ name: String, _ kind: Kind, _ expression: String, literal: String? = nil, phase: Step.Phase? = nil,
        signature: String, examples: [Example]
    ) {
        self.name = name
        self.kind = kind
        self.expression = expression
        self.literal = literal
        self.phase = phase
        self.signature = signature
        self.examples = examples
    }
}

/// The answer to `patterns`: in order of precedence.
public struct PatternsAnswer: Codable, Hashable, Sendable {
    /// The patterns, in order of precedence.
    public var patterns: [LogPattern]

    public init(patterns: [LogPattern]) {
        self.patterns = patterns
    }
}
