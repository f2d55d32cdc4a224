/// A failure of the infrastructure that another attempt in the same run would not change, so that none is made.
package struct PermanentFailure: ClassifiedError, CustomStringConvertible {
    /// The messages, at least one.
    package let diagnostics: [Diagnostic]

    /// `unavailable` whatever the cause: a wrong answer of a plugin is not the package's fault either.
    package var category: ErrorCategory { .unavailable }

    /// - Parameter failure: of any category.
    package init(_ failure: Failure) {
        diagnostics = failure.diagnostics
    }

    /// A failure with one message.
    package init(_ message: String, hint: String? = nil) {
        diagnostics = [Diagnostic(.error, message, hint: hint)]
    }

    package var description: String { failure.description }
}
