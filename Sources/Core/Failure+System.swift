public import System

/// Files of this machine, with errors that are failures of the infrastructure.
package typealias Files = FileSystem<Failure>

extension Failure: SystemErrorConvertible {
    /// Wraps an error of the operating system as `unavailable`.
    package init(_ error: SystemError) { self.init(.unavailable, error.description, hint: error.hint) }
}

extension SystemError: ClassifiedError {
    public var category: ErrorCategory { .unavailable }
}
