package import Core

extension CellResult {
    /// The logs that the result refers to: those of the job, of earlier attempts, and of the runs that confirmed a
    /// failure.
    package var logs: [Digest] {
        ([log] + (failedAttempts ?? []).map(\.log) + (confirmation ?? []).map(\.log)).compactMap { $0 }
    }
}
