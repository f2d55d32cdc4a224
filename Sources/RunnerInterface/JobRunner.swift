public import Core

/// Runs jobs, in a sandbox on this machine or on another host.
///
/// - SeeAlso: `docs/decisions/0207-confirmation.md`
public protocol JobRunner: Sendable {
    /// Runs `request` to its end. Every failure is in the report; cancelling the task kills the build and reports
    /// `cancelled`.
    ///
    /// - Parameter progress: called at each new step.
    func run(_ request: JobRequest, progress: @escaping @Sendable (JobStep) -> Void) async -> JobReport

    /// Whether the layer still exists, so that others can build over it.
    func holds(layer: Digest) -> Bool

    /// The resource that this machine currently lacks to start any job, in words; nil if it lacks nothing.
    var shortage: String? { get }
}

extension JobRunner {
    public var shortage: String? { nil }
}
