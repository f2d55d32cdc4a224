package import Core
package import LogReading

extension Expression.SyntaxError: ClassifiedError {
    /// An invalid expression is an error in the plugin that contains it.
    package var category: ErrorCategory { .input }
}
