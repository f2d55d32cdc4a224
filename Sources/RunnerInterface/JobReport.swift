public import Core
public import Documents

/// What became of a job.
public struct JobReport: Sendable {
    public var outcome: Outcome
    /// Whether the same would happen again in this run: an infrastructure failure that is not worth another attempt.
    public var isPermanent = false
    public var phase: Phase?
    public var signature: String?
    /// The error line as printed, or what the machine lacked.
    public var reason: String?
    public var log: Digest?
    public var layer: Digest?
    /// Files of other packages that the job changed, and that its matrix lets it change.
    public var overwrites: [CellResult.Overwrite] = []
    /// Seconds of wall clock.
    public var duration: Double
    /// The host that it ran on and what that is; nil in a sandbox.
    public var machine: String?

    public init(outcome: Outcome, duration: Double) {
        self.outcome = outcome
        self.duration = duration
    }
}
