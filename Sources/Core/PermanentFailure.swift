/// An infrastructure failure that another attempt in the same run would not change, so that the job is not retried.
package struct PermanentFailure: ClassifiedError, CustomStringConvertible {
    /// The messages, at least one.
    package let diagnostics: [Diagnostic]

    /// Always `unavailable`: even a wrong answer of a plugin is not the package's fault.
    package var category: ErrorCategory { .unavailable }

    /// - Parameter failure: a failure of any category.
    package init(_ failure: Failure) {
        diagnostics = failure.diagnostics
    }

    /// A failure with one message.
    package init(_ message: String, hint: String? = nil) {
        diagnostics = [Diagnostic(.error, message, hint: hint)]
    }

    package var description: String { failure.description }
}
