public import Core
public import OpamFormat

extension Diagnostic {
    /// The message for a mistake in an opam file, with its place and the line there.
    public init(_ error: FormatError) {
        let message = error.field.map { "field '\($0)': \(error.message)" } ?? error.message
        self.init(
            .error, message,
            at: SourceLocation(file: error.file, line: error.line, column: error.column),
            excerpt: error.excerpt.isEmpty ? nil : error.excerpt)
    }
}

extension FormatError: ClassifiedError {
    public var category: ErrorCategory { .input }
    public var diagnostics: [Diagnostic] { [Diagnostic(self)] }
}
