internal import Core
internal import LogReading
internal import Model

/// A failure for which the package itself is to blame: one of its commands failed, or its opam file or its source is
/// wrong.
///
/// This is the only error of a job that becomes a verdict on its package. Every other error, whatever its type and
/// wherever it is thrown, ends the job as an infrastructure failure. So code that lays out, reads or captures something
/// throws what it likes; code that finds a mistake of the package's throws this.
struct PackageFailure: Error, Hashable, CustomStringConvertible {
    var phase: Phase
    /// The error line as printed, or what is wrong in the package's files.
    var reason: String
    /// Equal for equal failures.
    var signature: String
    /// What the log says; nil where no command failed.
    var error: CellResult.LoggedError?

    init(_ phase: Phase, _ reason: String, signature: String? = nil, error: CellResult.LoggedError? = nil) {
        self.phase = phase
        self.reason = reason
        self.signature = signature ?? LogReader.signature(of: reason)
        self.error = error
    }

    var description: String { reason }
}

/// A failure of this machine that is no reason to avoid the host on which the job ran.
struct MachineFailure: ClassifiedError, Hashable, CustomStringConvertible {
    var description: String
    /// What the log says; nil where no command failed.
    var error: CellResult.LoggedError?

    var category: ErrorCategory { .unavailable }

    init(_ description: String, error: CellResult.LoggedError? = nil) {
        self.description = description
        self.error = error
    }
}

/// A step that was killed though the job reached none of its limits: by the package itself, or by another process on
/// this machine that does not say so, such as a daemon that watches the memory. Only if it happens again it is the package.
struct KilledStep: ClassifiedError, CustomStringConvertible {
    var name: String
    /// What it is if it happens again.
    var failure: PackageFailure

    var category: ErrorCategory { .unavailable }

    var description: String { "step '\(name)' was killed by signal 9" }
}
