package import Model

/// The log of a job, as the job printed it: control characters are not removed.
package struct JobLogText: Sendable {
    /// The log as the job printed it.
    package var bytes: [UInt8]
    /// Which job the log is of, where that is not obvious from the cell; else nil.
    package var title: String?
    /// Whether the log ends with an error.
    package var isOfFailure: Bool
    /// The error line as it was reported; nil where none was.
    package var reason: String?

    /// The lines around the error; nil where nothing failed.
    package var errorRegion: ErrorRegion? {
        isOfFailure ? ErrorRegion(in: bytes, line: nil, reason: reason) : nil
    }
}

/// Which log of a cell is wanted.
package struct LogChoice: Sendable {
    /// The log of the build where tests decided the cell.
    package var isOfBuild: Bool
    /// The attempt to run the job, counted from 1; nil: the last.
    package var attempt: Int?
    /// Only what this phase printed; nil: everything.
    package var phase: Phase?

    package init(isOfBuild: Bool = false, attempt: Int? = nil, phase: Phase? = nil) {
        self.isOfBuild = isOfBuild
        self.attempt = attempt
        self.phase = phase
    }
}
