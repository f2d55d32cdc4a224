public import Core
public import OpamFormat

extension Diagnostic {
    /// Creates the message for an error in an opam file, with its position and the line.
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
