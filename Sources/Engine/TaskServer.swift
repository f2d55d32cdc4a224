internal import Core
internal import Foundation
package import Hub
package import Model
package import Records
internal import Scheduler
package import Store

/// Plans and runs the tasks that are submitted to a store.
///
/// Several servers may be at work on a store: each claims a task before it plans it, as an ephemeral value that ends with its
/// process. The state of a task is on its branch, so that a task whose server died is carried on by another: what is recorded of it
/// is not run again.
package struct TaskServer: Sendable {
    /// How a task is carried out.
    package struct Procedure: Sendable {
        /// Makes a task's plan, and returns the name of the deployment and what runs it; this returns the task's cells by state.
        package var plan: @Sendable (SubmittedTask) async throws -> PlannedRun

        package init(plan: @escaping @Sendable (SubmittedTask) async throws -> PlannedRun) {
            self.plan = plan
        }
    }

    /// A task that is planned.
    package struct PlannedRun: Sendable {
        package var deployment: String
        package var run: @Sendable () async throws -> [String: Int]

        package init(deployment: String, run: @escaping @Sendable () async throws -> [String: Int]) {
            self.deployment = deployment
            self.run = run
        }
    }

    package let store: Store
    /// Whether a task is for this server.
    package let accepts: @Sendable (SubmittedTask) -> Bool
    /// Whether it waits for further tasks when there is none.
    package let stays: Bool
    package let procedure: Procedure
    /// Ends the server: what runs finishes, no further task begins.
    package let drain: DrainRequest
    /// Learns how tasks end, so that no other machine carries them out again; runs push their results themselves.
    package let hub: Hub?
    /// Receives what becomes of tasks.
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

    /// Where servers claim tasks.
    static let claims: StorePath = "tasks"

    /// Carries tasks out until there is none, or, where the server stays, until it is drained or cancelled.
    ///
    /// - Throws: `CancellationError` when cancelled, or when drained with a task unfinished; what the store throws.
    package func serve() async throws {
        let owner = try store.ephemeral.join("tasks")
        defer { owner.leave() }
        let (stream, inputs) = AsyncStream.makeStream(of: TaskInput.self)
        let branches = store.watchBranches(prefix: SubmittedTask.prefix) { inputs.yield(.changed) }
        defer { branches.cancel() }
        let claims = store.ephemeral.watch(below: Self.claims) { _ in inputs.yield(.changed) }
        defer { claims.cancel() }
        let draining = Task { [drain] in
            await drain.wait()
            inputs.yield(.drain)
        }
        defer { draining.cancel() }
        // Goes on when the task is cancelled, until what runs has been stopped.
        let work = Task { try await serve(stream, TaskServerState(server: self, owner: owner, inputs: inputs)) }
        try await withTaskCancellationHandler {
            try await work.value
        } onCancel: {
            inputs.yield(.stop)
        }
    }

    private func serve(_ stream: AsyncStream<TaskInput>, _ begin: TaskServerState) async throws {
        var state = begin
        try await state.look()
        if state.isFinished { return }
        for await input in stream {
            try await state.take(input)
            if state.isFinished { break }
        }
        if state.isInterrupted { throw CancellationError() }
    }
}

/// What a server of tasks waits for.
enum TaskInput: Sendable {
    /// A branch or a claim is not as it was.
    case changed
    case planned(Int, Result<TaskServer.PlannedRun, any Error>)
    case ended(Int, Result<[String: Int], any Error>)
    case drain
    case stop
}
