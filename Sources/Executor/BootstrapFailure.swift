public import Core

/// A step of making a root file system that failed.
public struct BootstrapFailure: FailureConvertible, CustomStringConvertible {
    /// The step's name.
    public var step: String
    public var result: CommandResult
    /// The file with all that the steps printed.
    public var log: String

    public var failure: Failure {
        Failure(
            .infrastructure, "making the environment: step '\(step)': \(result.ending)",
            hint: "its output is in \(log)")
    }

    public var description: String { failure.description }
}
