package import Core
internal import Foundation
package import Model
package import Records
package import RunnerInterface
package import Store

/// A worker: registers, takes the assignments that dispatchers give it, has a runner run them, and writes the reports.
///
/// It reads and writes ephemeral values and blobs only, never the store's history.
package final class WorkerAgent: Sendable {
    /// What a worker works with.
    package struct Environment: Sendable {
        /// Where dispatchers and workers meet.
        package var values: DispatchValues
        /// Where requests are, and what does not fit into reports goes.
        package var blobs: any BlobStore
        /// Runs the jobs. It stores logs and layers itself.
        package var runner: any JobRunner
        /// When a running job printed something last, in seconds since 1970; nil where that is not known.
        package var lastOutput: @Sendable (Digest) -> Int?
        /// How often the worker shows that it lives.
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

    /// What a worker does.
    package enum Event: Sendable {
        case began(Digest, JobAssignment)
        case step(Digest, JobStep)
        case ended(Digest, JobAssignment, JobReport)
        /// The mode has changed.
        case mode(WorkerRegistration.Mode)
    }

    /// How a worker ends.
    package enum Ending: Sendable {
        /// It was asked to.
        case left
        /// Its registration was gone, as after a lost connection: it may register again.
        case lost
    }

    /// Names the worker among all.
    package let id: String
    private let inputs: AsyncStream<AgentInput>.Continuation
    private let work: Task<Ending, Never>

    /// Registers the worker and begins to take assignments.
    ///
    /// - Parameter observe: receives what the worker does, in order.
    /// - Throws: what the ephemeral values throw.
    package init(
        _ environment: Environment, _ registration: WorkerRegistration,
        observe: @escaping @Sendable (Event) async -> Void = { _ in }
    ) throws {
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
        work = Task { [id] in
            var state = AgentState(environment, registration, owner: owner, inputs: inputs, observe: observe)
            for await input in stream {
                await state.take(input)
                if state.hasLeft { break }
            }
            heart.cancel()
            for watch in watches { watch.cancel() }
            owner.leave()
            // Nobody asks a worker that is gone for a mode.
            _ = try? values.values.remove(DispatchValues.mode(of: id), expecting: .anything)
            return state.isLost ? .lost : .left
        }
    }

    /// Finishes what runs, returns the rest, and leaves.
    package func drain() { inputs.yield(.drain) }

    /// Stops what runs, returns all, and leaves.
    package func stop() { inputs.yield(.stop) }

    /// Returns when the worker has left.
    @discardableResult
    package func end() async -> Ending { await work.value }
}

/// What a worker waits for.
enum AgentInput: Sendable {
    case assignments(NewestState)
    case mode([StorePath: EphemeralValue])
    case step(Digest, attempt: UInt64, JobStep)
    case ended(Digest, attempt: UInt64, JobReport, base: Digest?)
    case tick, drain, stop
}
