public import System

/// File operations whose errors are infrastructure failures.
package typealias Files = FileSystem<Failure>

extension Failure: SystemErrorConvertible {
    /// Wraps an error of the operating system as `unavailable`.
    package init(_ error: SystemError) { self.init(.unavailable, error.description, hint: error.hint) }
}

extension SystemError: ClassifiedError {
    public var category: ErrorCategory { .unavailable }
}
