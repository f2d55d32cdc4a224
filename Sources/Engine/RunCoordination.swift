package import Agent
package import Model
package import Records
package import Store
internal import Synchronization

/// Timeouts for busy workers without heartbeats.
package struct StallTimes: Sendable {
    /// The time after which a worker gets no more jobs.
    package var after = Duration.seconds(60)
    /// The time after which a worker counts as lost.
    package var lostAfter = Duration.seconds(600)

    package init() {}

    package init(after: Duration, lostAfter: Duration) {
        self.after = after
        self.lostAfter = lostAfter
    }
}

/// The services through which a run communicates with workers.
package struct RunCoordination: Sendable {
    /// The ephemeral values with assignments, progress and reports.
    package var values: DispatchValues
    /// The store of requests.
    package var blobs: any BlobStore
    /// The right to assign jobs and to record results.
    package var leadership: Leadership
    /// The worker in this process, whose events are delivered directly; nil if there is none.
    package var local: LocalWorker?
    /// Timeouts for workers without heartbeats.
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

/// The worker of a process that dispatches or may become the dispatcher.
package final class LocalWorker: Sendable {
    /// A wrapper: a closure stored directly in a generic type would be wrapped again at each access.
    private struct Receiver {
        var take: @Sendable (WorkerAgent.Event) async -> Void
    }

    private let receiver = Mutex<Receiver?>(nil)
    private let agent: Mutex<WorkerAgent?> = Mutex(nil)

    /// Registers the worker and starts accepting assignments.
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

    /// Finishes running jobs, returns waiting ones, and leaves.
    package func drain() { agent.withLock { $0 }?.drain() }

    /// Stops running jobs, returns all jobs, and leaves.
    package func stop() { agent.withLock { $0 }?.stop() }

    /// Waits until the worker has left.
    package func end() async { await agent.withLock { $0 }?.end() }
}
