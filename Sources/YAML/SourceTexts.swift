package import Core

/// The texts that diagnostics of one operation refer to, by file name.
package struct SourceTexts: Sendable {
    private var texts: [String: SourceText] = [:]

    /// Creates an empty collection.
    package init() {}

    /// Adds a text, replacing an earlier one of the same file.
    package mutating func add(_ text: SourceText) {
        texts[text.file] = text
    }

    /// The digest of the decoded bytes of each file.
    package var digests: [String: Digest] { texts.mapValues { Digest(of: $0.bytes) } }

    /// A diagnostic with the line at `location` as its excerpt, if the text of that file is known.
    package func diagnostic(
        _ severity: Diagnostic.Severity = .error, _ message: String, at location: SourceLocation?,
        hint: String? = nil
    ) -> Diagnostic {
        let excerpt = location.flatMap { texts[$0.file]?.line($0.line) }
        return Diagnostic(severity, message, at: location, excerpt: excerpt, hint: hint)
    }
}
