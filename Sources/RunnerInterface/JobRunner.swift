public import Core

/// Whatever can run a job: in a sandbox here, or on another host.
///
/// - SeeAlso: `docs/decisions/0207-confirmation.md`
public protocol JobRunner: Sendable {
    /// Runs `request` to its end. Every failure is in the report; cancelling the task kills the build and reports
    /// `cancelled`.
    ///
    /// - Parameter progress: called at each new step.
    func run(_ request: JobRequest, progress: @escaping @Sendable (JobStep) -> Void) async -> JobReport

    /// Whether the layer is still there to build over.
    func holds(layer: Digest) -> Bool
}
