/// The category of an error: who can fix it. `ci` derives the exit code from it.
public enum ErrorCategory: String, Sendable, CaseIterable {
    /// The user's input is wrong: a matrix, an opam file, a name, a setting. The same input will fail again.
    case input
    /// The machine, the network, the disk or another process failed. The same input may succeed later.
    case unavailable
    /// An invariant of ciso is violated.
    case bug
}

/// An error with a category and messages that are defined with its type.
///
/// Every `package` and `public` error of a module conforms, which `Tests/ArchitectureTests` checks, so that a front end
/// needs no list of error types.
///
/// - SeeAlso: `docs/decisions/0160-error-categories.md`
public protocol ClassifiedError: Error {
    /// The category: who can fix the error.
    var category: ErrorCategory { get }
    /// The messages for the user, at least one.
    var diagnostics: [Diagnostic] { get }
    /// A suggestion for the user.
    var hint: String? { get }
}

extension ClassifiedError {
    /// By default there is no hint besides those in the messages.
    public var hint: String? { nil }
}

extension ClassifiedError where Self: CustomStringConvertible {
    /// The description with the hint, as a single message without a location.
    public var diagnostics: [Diagnostic] { [Diagnostic(.error, description, hint: hint)] }
}

extension ClassifiedError {
    /// The error as a `Failure` with the same category and messages.
    public var failure: Failure { Failure(category, diagnostics) }
}
