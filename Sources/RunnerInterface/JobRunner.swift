public import Core
public import Model

/// Whatever can run a job: in a sandbox here, or on another host.
public protocol JobRunner: Sendable {
    /// Runs `request` to its end. Every failure is in the report; cancelling the task kills the build and reports
    /// `cancelled`.
    ///
    /// - Parameter progress: called at each new step.
    func run(_ request: JobRequest, progress: @escaping @Sendable (JobStep) -> Void) async -> JobReport

    /// Where the jobs of a target queue, where that is not with all others.
    func lane(of target: Plan.Target) -> Lane?

    /// Whether the layer is still there to build over.
    func holds(layer: Digest) -> Bool
}

extension JobRunner {
    /// No lane: the target's jobs share this machine with all others.
    public func lane(of target: Plan.Target) -> Lane? { nil }
}
