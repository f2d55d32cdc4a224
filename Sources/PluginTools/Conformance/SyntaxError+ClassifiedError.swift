package import Core
package import LogReading

extension Expression.SyntaxError: ClassifiedError {
    /// An expression that cannot be read is a mistake of the plugin that has it.
    package var category: ErrorCategory { .input }
}
