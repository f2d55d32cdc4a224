internal import Core
internal import Foundation
package import Hub
package import Model
package import Records
internal import Scheduler
package import Store

/// Plans and runs the tasks submitted to a store.
///
/// Several servers may work on a store: each claims a task before planning it, with an ephemeral value owned by its
/// process. The state of a task is on its branch, so that another server can continue a task whose server died, without
/// repeating recorded jobs.
package struct TaskServer: Sendable {
    /// How to plan and run a task.
    package struct Procedure: Sendable {
        /// Plans a task; returns the name of the deployment and a function that runs it and returns the number of cells
        /// in each state.
        package var plan: @Sendable (SubmittedTask) async throws -> PlannedRun

        package init(plan: @escaping @Sendable (SubmittedTask) async throws -> PlannedRun) {
            self.plan = plan
        }
    }

    /// A planned task.
    package struct PlannedRun: Sendable {
        package var deployment: String
        package var run: @Sendable () async throws -> [String: Int]

        package init(deployment: String, run: @escaping @Sendable () async throws -> [String: Int]) {
            self.deployment = deployment
            self.run = run
        }
    }

    package let store: Store
    /// Whether this server handles a task.
    package let accepts: @Sendable (SubmittedTask) -> Bool
    /// Whether to wait for further tasks when none is left.
    package let stays: Bool
    package let procedure: Procedure
    /// A request to end the server: running jobs finish and no further task starts.
    package let drain: DrainRequest
    /// Learns how tasks end, so that no other machine carries them out again; runs push their results themselves.
    package let hub: Hub?
    /// Receives the progress of tasks.
    package let observe: @Sendable (String, TaskProgress) async -> Void

    package init(
        store: Store, accepts: @escaping @Sendable (SubmittedTask) -> Bool = { _ in true }, stays: Bool,
        procedure: Procedure, drain: DrainRequest = DrainRequest(), hub: Hub? = nil,
        observe: @escaping @Sendable (String, TaskProgress) async -> Void = { _, _ in }
    ) {
        self.store = store
        self.accepts = accepts
        self.stays = stays
        self.procedure = procedure
        self.drain = drain
        self.hub = hub
        self.observe = observe
    }

    /// Runs tasks until none is left or, if `stays`, until it is drained or cancelled.
    ///
    /// - Throws: `CancellationError` if cancelled, or if drained with an unfinished task; `StoreError`.
    package func serve() async throws {
        let owner = try store.ephemeral.join("tasks")
        defer { owner.leave() }
        let (stream, inputs) = AsyncStream.makeStream(of: TaskInput.self)
        let branches = store.watchBranches(prefix: SubmittedTask.prefix) { inputs.yield(.changed) }
        defer { branches.cancel() }
        let claims = store.ephemeral.watch(below: SubmittedTask.claims) { _ in inputs.yield(.changed) }
        defer { claims.cancel() }
        let draining = Task { [drain] in
            await drain.wait()
            inputs.yield(.drain)
        }
        defer { draining.cancel() }
        // Continues after cancellation until running jobs have been stopped.
        let work = Task(executorPreference: DispatchValues(store.ephemeral).executor("tasks")) {
            try await serve(stream, TaskServerState(server: self, owner: owner, inputs: inputs))
        }
        try await withTaskCancellationHandler {
            try await work.value
        } onCancel: {
            inputs.yield(.stop)
        }
    }

    private func serve(_ stream: AsyncStream<TaskInput>, _ begin: TaskServerState) async throws {
        var state = begin
        try await state.poll()
        if state.isFinished { return }
        for await input in stream {
            try await state.take(input)
            if state.isFinished { break }
        }
        if state.isInterrupted { throw CancellationError() }
    }
}

/// An input of the server's event loop.
enum TaskInput: Sendable {
    /// A branch or a claim has changed.
    case changed
    case planned(Int, Result<TaskServer.PlannedRun, any Error>)
    case ended(Int, Result<[String: Int], any Error>)
    case drain
    case stop
}
