public import Core
public import Model

/// What became of a job.
public struct JobReport: Sendable {
    /// How the job ended.
    public var outcome: Outcome
    /// Whether the same would happen again in this run: an infrastructure failure that is not worth another attempt.
    public var isPermanent = false
    /// The phase that failed; nil where none did.
    public var phase: Phase?
    /// The normalised error line; nil where nothing failed.
    public var signature: String?
    /// The error line as printed, or what the machine lacked.
    public var reason: String?
    /// What the log says about the failure; nil where nothing failed, or not in a command whose output says why.
    public var error: CellResult.LoggedError?
    /// The digest of the log in the store; nil where there is none.
    public var log: Digest?
    /// The digest of the layer that the job added; nil where it failed.
    public var layer: Digest?
    /// Files of other packages that the job changed, and that its matrix lets it change.
    public var overwrites: [CellResult.Overwrite] = []
    /// Seconds of wall clock.
    public var duration: Double
    /// What the seconds were spent on.
    public var durations: CellResult.Durations?
    /// The machine that it ran on and what that is; nil where it did not get so far.
    public var machine: String?
    /// The system packages that were installed for the job and what it is built over, `NAME VERSION`, sorted; nil where none
    /// were, or their versions could not be listed.
    public var systemPackages: [String]?
    /// All runs of the job, in their order, where it failed at first and was run again to confirm that; nil where it was not.
    public var confirmation: [CellResult.Execution]?
    /// The digest of the plugin's file; nil where none was loaded.
    public var pluginFile: Digest?

    public init(outcome: Outcome, duration: Double) {
        self.outcome = outcome
        self.duration = duration
    }
}
