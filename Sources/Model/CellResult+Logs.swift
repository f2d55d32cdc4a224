package import Core

extension CellResult {
    /// The logs that the result refers to: of the job, of attempts before it, and of runs that confirmed it.
    package var logs: [Digest] {
        ([log] + (failedAttempts ?? []).map(\.log) + (confirmation ?? []).map(\.log)).compactMap { $0 }
    }
}
