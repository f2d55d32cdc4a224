package import PluginMessages

/// What a log says about why a step failed.
package struct LogFinding: Hashable, Sendable {
    /// The number of the line, from 1.
    package var line: Int
    /// The bytes of the log that are the message, without the end of its last line.
    package var range: Range<Int>
    /// The message as printed, with the lines that continue it, without codes of terminals and prefixes.
    package var message: String
    /// The line and some around it, at most ``LogReader/longestExcerpt`` bytes of UTF-8.
    package var excerpt: String
    /// What went wrong.
    package var kind: LogPattern.Kind
    /// Who is to blame, as far as the log says.
    package var origin: LogPattern.Origin
    /// Whether no line of the log names a cause.
    package var isWeak: Bool
    /// Equal for equal failures.
    package var signature: String
    /// What the first group of the pattern that took part matched: the name that the message is about.
    package var subject: String?
    /// Equal for failures that differ in a name only.
    package var failureClass: String
    /// The name of the pattern that matched; nil if none did, and the line is the last that is not blank.
    package var pattern: String?
    /// The phase to blame, where it is not the failing step's.
    package var phase: Step.Phase?

    package init(
        line: Int, range: Range<Int>, message: String, excerpt: String, kind: LogPattern.Kind,
        origin: LogPattern.Origin,
        isWeak: Bool, signature: String, subject: String? = nil, failureClass: String, pattern: String? = nil,
        phase: Step.Phase? = nil
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
