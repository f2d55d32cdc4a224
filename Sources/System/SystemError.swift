internal import Glibc
internal import SystemPackage

/// The failure of an operating system call: the operation, the file and the reason.
public struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The operation that failed: `open`, `rename`.
    public var operation: String
    /// The file or resource of the operation.
    public var path: String
    /// The error number, as in `errno`.
    public var code: Int32
    /// A suggestion for fixing the problem.
    public var hint: String?

    public init(_ operation: String, _ path: String, _ code: Int32, hint: String? = nil) {
        self.operation = operation
        self.path = path
        self.code = code
        self.hint = hint
    }

    /// The error of the call that has just failed. No other call may come in between, since it could change `errno`.
    package static func last(_ operation: String, _ path: String) -> SystemError {
        SystemError(operation, path, errno)
    }

    /// The system's text for the error number.
    package var reason: String { errorText(code) }

    public var description: String { "'\(path)': cannot \(operation): \(reason)" }
}

/// The system's text for an error number.
package func errorText(_ code: Int32) -> String { Errno(rawValue: code).description }

/// A module's error type, into which errors of the operating system are converted.
package protocol SystemErrorConvertible: Error {
    /// Converts an error of the operating system.
    init(_ error: SystemError)
}

extension SystemError: SystemErrorConvertible {
    package init(_ error: SystemError) { self = error }
}
