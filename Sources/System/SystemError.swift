internal import Glibc
internal import SystemPackage

/// What the operating system refused to do, to which file, and why.
public struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was tried: `open`, `rename`.
    public var operation: String
    /// What it was tried on.
    public var path: String
    /// The error number, as in `errno`.
    public var code: Int32
    /// What may help.
    public var hint: String?

    public init(_ operation: String, _ path: String, _ code: Int32, hint: String? = nil) {
        self.operation = operation
        self.path = path
        self.code = code
        self.hint = hint
    }

    /// The error of a call that has just failed. Nothing may be called in between, since `errno` changes.
    package static func last(_ operation: String, _ path: String) -> SystemError {
        SystemError(operation, path, errno)
    }

    /// The system's text for the error number.
    package var reason: String { errorText(code) }

    public var description: String { "'\(path)': cannot \(operation): \(reason)" }
}

/// The system's text for an error number.
package func errorText(_ code: Int32) -> String { Errno(rawValue: code).description }

/// An error type of a module, into which errors of the operating system are turned.
package protocol SystemErrorConvertible: Error {
    /// The module's error for what the operating system refused.
    init(_ error: SystemError)
}

extension SystemError: SystemErrorConvertible {
    package init(_ error: SystemError) { self = error }
}
