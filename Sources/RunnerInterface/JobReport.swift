public import Core
public import Model

/// The result of a job as a runner returns it: a value without an assignment, a worker or a format.
///
/// `ExecutionReport` is the document that a worker makes of it for the dispatcher. The two list the same fields but are
/// separate types, because the document is a format that other versions read: it omits defaults, limits its size, moves
/// large parts into objects, and adds the assignment. `JobReport+Document` is the only conversion between them.
public struct JobReport: Sendable {
    /// How the job ended.
    public var outcome: Outcome
    /// Whether another attempt in this run would fail in the same way: a permanent infrastructure failure.
    public var isPermanent = false
    /// The phase that failed, if any.
    public var phase: Phase?
    /// The normalised error line; nil if nothing failed.
    public var signature: String?
    /// The error line as printed, or what the machine lacked.
    public var reason: String?
    /// The error found in the log; nil if nothing failed, or the failed command's output does not contain it.
    public var error: CellResult.LoggedError?
    /// The digest of the log in the store; nil if there is none.
    public var log: Digest?
    /// The digest of the layer that the job added; nil if it failed.
    public var layer: Digest?
    /// Files of other packages that the job changed with permission of the matrix.
    public var overwrites: [CellResult.Overwrite] = []
    /// The duration in seconds.
    public var duration: Double
    /// The parts of the duration.
    public var durations: CellResult.Durations?
    /// The machine that it ran on and its description; nil if it did not reach one.
    public var machine: String?
    /// The system packages installed for the job and its dependencies, `NAME VERSION`, sorted; nil if there were none
    /// or their versions could not be listed.
    public var systemPackages: [String]?
    /// All executions of the job in order, if a failure was to be confirmed; otherwise nil.
    public var confirmation: [CellResult.Execution]?
    /// A file that the job generated and that others are planned from; nil for none.
    public var generated: String?
    /// The image of a unikernel that the job built; nil for none.
    public var image: CellResult.Image?
    /// The digest of the plugin's file; nil if none was loaded.
    public var pluginFile: Digest?

    public init(outcome: Outcome, duration: Double) {
        self.outcome = outcome
        self.duration = duration
    }

    /// The report of a job that could not start or could not finish, with the failure's hint.
    public init(infrastructure failure: Failure) {
        self.init(outcome: .infrastructure, duration: 0)
        let diagnostic = failure.diagnostics.first
        reason = (diagnostic?.message ?? failure.description) + (diagnostic?.hint.map { " (\($0))" } ?? "")
    }
}
