internal import Core
internal import LogReading
internal import Model

/// A failure caused by the package itself: one of its commands failed, or its opam file or source is wrong.
///
/// This is the only error of a job that becomes a verdict on its package. Any other error, regardless of its type and
/// origin, ends the job as an infrastructure failure. Code that finds a mistake of the package must therefore throw
/// this error; other code may throw any error.
///
/// - SeeAlso: `docs/decisions/0110-package-failures.md`
struct PackageFailure: Error, Hashable, CustomStringConvertible {
    var phase: Phase
    /// The error line as printed, or the problem in the package's files.
    var reason: String
    /// Equal for equal failures.
    var signature: String
    /// The error in the log; nil if no command failed.
    var error: CellResult.LoggedError?

    init(_ phase: Phase, _ reason: String, signature: String? = nil, error: CellResult.LoggedError? = nil) {
        self.phase = phase
        self.reason = reason
        self.signature = signature ?? LogReader.signature(of: reason)
        self.error = error
    }

    var description: String { reason }
}

/// A failure of this machine that is not a reason to avoid the host on which the job ran.
struct MachineFailure: ClassifiedError, Hashable, CustomStringConvertible {
    var description: String
    /// The error in the log; nil if no command failed.
    var error: CellResult.LoggedError?

    var category: ErrorCategory { .unavailable }

    init(_ description: String, error: CellResult.LoggedError? = nil) {
        self.description = description
        self.error = error
    }
}

/// A step that was killed although the job reached none of its limits: by the package itself, or by another process on
/// this machine, such as an out-of-memory daemon. It counts as a failure of the package only if it happens again.
struct KilledStep: ClassifiedError, CustomStringConvertible {
    var name: String
    /// The failure to report if it happens again.
    var failure: PackageFailure

    var category: ErrorCategory { .unavailable }

    var description: String { "step '\(name)' was killed by signal 9" }
}
