package import Core
internal import Foundation
package import Model
package import Records
package import RunnerInterface
package import Store

/// A worker: it registers itself, accepts assignments from dispatchers, passes them to a runner, and writes the
/// reports.
///
/// It accesses only ephemeral values and blobs, never the store's history.
package final class WorkerAgent: Sendable {
    /// The services that a worker uses.
    package struct Environment: Sendable {
        /// The ephemeral values through which dispatchers and workers communicate.
        package var values: DispatchValues
        /// The store of requests, and of report contents that are too large for an ephemeral value.
        package var blobs: any BlobStore
        /// Runs the jobs, and stores their logs and layers.
        package var runner: any JobRunner
        /// The time of a running job's last output, in seconds since 1970; nil if unknown.
        package var lastOutput: @Sendable (Digest) -> Int?
        /// The interval between heartbeats.
        package var heartbeat: Duration

        package init(
            values: DispatchValues, blobs: any BlobStore, runner: any JobRunner,
            lastOutput: @escaping @Sendable (Digest) -> Int? = { _ in nil }, heartbeat: Duration = .seconds(10)
        ) {
            self.values = values
            self.blobs = blobs
            self.runner = runner
            self.lastOutput = lastOutput
            self.heartbeat = heartbeat
        }
    }

    /// An observable action of a worker.
    package enum Event: Sendable {
        case began(Digest, JobAssignment)
        case step(Digest, JobStep)
        case ended(Digest, JobAssignment, JobReport)
        /// The report on a job that ended cannot be written yet. It is tried again at each heartbeat.
        case delayed(JobAssignment, any Error)
        /// The worker has paused until its machine has what it lacks.
        case short(String)
        /// The worker changed its mode.
        case mode(WorkerRegistration.Mode)
    }

    /// Why a worker ended.
    package enum Ending: Hashable, Sendable {
        /// It was asked to leave.
        case left
        /// Its registration expired, for example after a lost connection. It may register again, with the mode that it
        /// had.
        case lost(WorkerRegistration.Mode)
    }

    /// The unique id of the worker.
    package let id: String
    private let inputs: AsyncStream<AgentInput>.Continuation
    private let work: Task<Ending, Never>

    /// Registers the worker and starts accepting assignments.
    ///
    /// - Parameter observe: Receives the events in order.
    /// - Throws: Any error of the ephemeral values.
    package init(
        _ environment: Environment, _ registration: WorkerRegistration,
        observe: @escaping @Sendable (Event) async -> Void = { _ in }
    ) throws {
        var registration = registration
        registration.readsBundles = true
        let values = environment.values
        let owner = try values.values.join("worker")
        let (stream, inputs) = AsyncStream.makeStream(of: AgentInput.self)
        (id, self.inputs) = (owner.id, inputs)
        try values.set(registration, at: DispatchValues.worker(owner.id), owner: owner)
        let newest = NewestState()
        let watches = try [
            values.values.watch(below: DispatchValues.assignments(of: owner.id)) {
                if newest.replace(with: $0) { inputs.yield(.assignments(newest)) }
            },
            values.values.watch(below: DispatchValues.mode(of: owner.id)) { inputs.yield(.mode($0)) },
        ]
        let heart = Task {
            while !Task.isCancelled {
                try? await Task.sleep(for: environment.heartbeat)
                inputs.yield(.tick)
            }
        }
        work = Task(executorPreference: values.executor("worker")) { [id, registration] in
            var state = AgentState(environment, registration, owner: owner, inputs: inputs, observe: observe)
            for await input in stream {
                await state.take(input)
                if state.hasLeft { break }
            }
            heart.cancel()
            for watch in watches { watch.cancel() }
            owner.leave()
            // A mode request for a worker that has left is obsolete.
            _ = try? values.values.remove(DispatchValues.mode(of: id), expecting: .anything)
            return state.lostMode.map { .lost($0) } ?? .left
        }
    }

    /// Finishes running jobs, returns waiting ones, and leaves.
    package func drain() { inputs.yield(.drain) }

    /// Stops running jobs, returns all jobs, and leaves.
    package func stop() { inputs.yield(.stop) }

    /// Waits until the worker has left.
    @discardableResult
    package func end() async -> Ending { await work.value }
}

/// An input of the worker's event loop.
enum AgentInput: Sendable {
    case assignments(NewestState)
    case mode([StorePath: EphemeralValue])
    case step(Digest, attempt: UInt64, JobStep)
    /// A step is due to be published, if the job is still running.
    case progressDue(Digest, attempt: UInt64)
    /// Executions have ended.
    case ended
    case tick, drain, stop
}
