/// Who can do something about an error. `ci` turns it into an exit code.
public enum ErrorCategory: String, Sendable, CaseIterable {
    /// What the user gave is wrong: a matrix, an opam file, a name, a setting. The same input fails again.
    case input
    /// The machine, the network, the disk or another process did not do what was needed. The same input may succeed later.
    case unavailable
    /// An invariant of ciso does not hold.
    case bug
}

/// An error whose category and messages are known where it is declared.
///
/// Every `package` and `public` error of a module conforms, which `Tests/ArchitectureTests` checks, so that a front end
/// needs no list of error types.
///
/// - SeeAlso: `docs/decisions/0160-error-categories.md`
public protocol ClassifiedError: Error {
    var category: ErrorCategory { get }
    /// The messages to the user, at least one.
    var diagnostics: [Diagnostic] { get }
    /// What the user can do about it.
    var hint: String? { get }
}

extension ClassifiedError {
    /// Most errors say all in their messages.
    public var hint: String? { nil }
}

extension ClassifiedError where Self: CustomStringConvertible {
    /// The description with the hint, as a single message without a location.
    public var diagnostics: [Diagnostic] { [Diagnostic(.error, description, hint: hint)] }
}

extension ClassifiedError {
    /// The same category and messages, without what only callers of the module can use.
    public var failure: Failure { Failure(category, diagnostics) }
}
