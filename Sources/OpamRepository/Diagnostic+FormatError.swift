package import Core
package import OpamFormat

extension Diagnostic {
    /// What is wrong in an opam file, as users are told it.
    package init(_ error: FormatError) {
        let message = error.field.map { "field '\($0)': \(error.message)" } ?? error.message
        self.init(
            .error, message,
            at: SourceLocation(file: error.file, line: error.line, column: error.column),
            excerpt: error.excerpt.isEmpty ? nil : error.excerpt)
    }
}
