package import PluginMessages

/// The error that a log reports for a failed step.
package struct LogFinding: Hashable, Sendable {
    /// The line number, from 1.
    package var line: Int
    /// The range of the message in the log in bytes, without the line end of its last line.
    package var range: Range<Int>
    /// The message as printed, with its continuation lines, without terminal codes and prefixes.
    package var message: String
    /// The line with surrounding lines, at most ``LogReader/longestExcerpt`` bytes of UTF-8.
    package var excerpt: String
    /// The kind of the error.
    package var kind: LogPattern.Kind
    /// Who is at fault according to the log.
    package var origin: LogPattern.Origin
    /// Whether no line of the log names a cause.
    package var isWeak: Bool
    /// The signature, equal for equal failures.
    package var signature: String
    /// The match of the pattern's first participating group: the name that the message is about.
    package var subject: String?
    /// The class, equal for failures that differ only in a name.
    package var failureClass: String
    /// The name of the pattern that matched; nil if none did, and the line is the last non-blank one.
    package var pattern: String?
    /// The phase to report, if it is not that of the failed step.
    package var phase: Step.Phase?

    package init(
        line: Int, range: Range<Int>, message: String, excerpt: String, kind: LogPattern.Kind,
        origin: LogPattern.Origin, isWeak: Bool, signature: String, subject: String? = nil, failureClass: String,
        pattern: String? = nil, phase: Step.Phase? = nil
    ) {
        self.line = line
        self.range = range
        self.message = message
        self.excerpt = excerpt
        self.kind = kind
        self.origin = origin
        self.isWeak = isWeak
        self.signature = signature
        self.subject = subject
        self.failureClass = failureClass
        self.pattern = pattern
        self.phase = phase
    }
}
