package import Agent
package import Model
package import Records
package import Store
internal import Synchronization

/// How long a busy worker may show no sign of life.
package struct StallTimes: Sendable {
    /// Until it gets no more jobs.
    package var after = Duration.seconds(60)
    /// Until it counts as lost.
    package var lostAfter = Duration.seconds(600)

    package init() {}

    package init(after: Duration, lostAfter: Duration) {
        self.after = after
        self.lostAfter = lostAfter
    }
}

/// How a run and the workers meet.
package struct RunCoordination: Sendable {
    /// Where assignments, progress and reports are.
    package var values: DispatchValues
    /// Where requests go.
    package var blobs: any BlobStore
    /// The right to assign and to record.
    package var leadership: Leadership
    /// The worker in this process, whose events arrive without detours; nil: there is none.
    package var local: LocalWorker?
    /// How long workers may show no sign of life.
    package var stall: StallTimes

    package init(
        values: DispatchValues, blobs: any BlobStore, leadership: Leadership, local: LocalWorker? = nil,
        stall: StallTimes = StallTimes()
    ) {
        self.values = values
        self.blobs = blobs
        self.leadership = leadership
        self.local = local
        self.stall = stall
    }
}

/// The worker of a process that also dispatches, or is about to.
package final class LocalWorker: Sendable {
    /// A closure alone would be wrapped once more at each access to it in a generic type.
    private struct Receiver {
        var take: @Sendable (WorkerAgent.Event) async -> Void
    }

    private let receiver = Mutex<Receiver?>(nil)
    private let agent: Mutex<WorkerAgent?> = Mutex(nil)

    /// Registers the worker and begins to take assignments.
    ///
    /// - Throws: what the ephemeral values throw.
    package init(_ environment: WorkerAgent.Environment, _ registration: WorkerRegistration) throws {
        let agent = try WorkerAgent(environment, registration) { [weak self] event in
            if let receiver = self?.receiver.withLock({ $0 }) { await receiver.take(event) }
        }
        self.agent.withLock { $0 = agent }
    }

    /// The worker's id.
    package var id: String { agent.withLock { $0?.id } ?? "" }

    /// Sends the worker's events to another receiver.
    package func forward(to receiver: (@Sendable (WorkerAgent.Event) async -> Void)?) {
        self.receiver.withLock { $0 = receiver.map { Receiver(take: $0) } }
    }

    /// Finishes what runs, returns the rest, and leaves.
    package func drain() { agent.withLock { $0 }?.drain() }

    /// Stops what runs, returns all, and leaves.
    package func stop() { agent.withLock { $0 }?.stop() }

    /// Returns when the worker has left.
    package func end() async { await agent.withLock { $0 }?.end() }
}
