internal import Core
internal import Engine
internal import Foundation
internal import Hub
internal import Matrix
internal import Model
internal import PluginHost
internal import Records
internal import Review
internal import Store
internal import Synchronization
internal import Worker
internal import YAML

extension RunCommand {
    /// What is needed to plan and run tasks.
    struct TaskProcedure {
        /// The store's directory.
        let path: String
        let catalog: PluginCatalog
        let configuration: Configuration
        /// The runner to use; nil to create one.
        let runner: LocalRunner?

        init(path: String, _ catalog: PluginCatalog, _ configuration: Configuration, _ runner: LocalRunner? = nil) {
            self.path = path
            self.catalog = catalog
            self.configuration = configuration
            self.runner = runner
        }
    }

    /// Plans and runs submitted tasks.
    ///
    /// - Parameter deployment: Runs the tasks of this deployment until none is left; nil runs all tasks until the
    ///   command is interrupted.
    func serveTasks(in store: Store, _ procedure: TaskProcedure, of deployment: String? = nil) async throws {
        let runner =
            try procedure.runner
            ?? machine.runner(store: procedure.path, catalog: procedure.catalog, procedure.configuration) {
                [logs = store.logs] in try logs.begin($0)
            }
        let drain = DrainRequest()
        let deployments = TaskDeployments { task in
            (try? Self.matrix(of: task, store: procedure.path))?.deployment.value
        }
        let server = try TaskServer(
            store: store, accepts: { deployment == nil || deployments[$0] == deployment }, stays: deployment == nil,
            procedure: TaskServer.Procedure { task in
                try await planned(task, in: store, procedure, runner: runner)
            }, drain: drain, hub: Hub(procedure.configuration, machine.services, machine.hosts),
            observe: { [quiet = messages.quiet] name, progress in
                if !quiet { StandardError.print(Self.line(for: name, progress)) }
            })
        if deployment == nil, !messages.quiet { StandardError.print("waiting for tasks") }
        let work = Task { try await server.serve() }
        let interrupts = InterruptWatch(
            // A run announces the interruption itself; without a run the command ends at once.
            announce: { _ in }, drain: { drain.make() }, stop: { work.cancel() })
        defer { interrupts.stop() }
        try await work.value
        if deployment == nil { throw CancellationError() }
    }

    private func planned(
        _ task: SubmittedTask, in store: Store, _ procedure: TaskProcedure, runner: LocalRunner
    ) async throws -> TaskServer.PlannedRun {
        let matrix = try Self.matrix(of: task, store: procedure.path)
        let selectors = try (task.request.selectors ?? []).map { text in
            guard let selector = Selector(text) else { throw Failure(.input, "'\(text)' is not a selector") }
            return selector
        }
        let (documents, header) = try await plan(
            matrix, in: procedure.path, catalog: procedure.catalog, procedure.configuration)
        return TaskServer.PlannedRun(deployment: header.deployment) {
            try await run(selectors, documents, header, of: matrix, in: store, procedure, runner: runner)
        }
    }

    /// Runs the plan of a task.
    ///
    /// - Returns: The number of its cells in each state.
    private func run(
        _ selectors: [Selector], _ documents: PlanDocuments, _ header: PlanHeader, of matrix: MatrixFile,
        in store: Store, _ procedure: TaskProcedure, runner: LocalRunner
    ) async throws -> [String: Int] {
        let picked = try cells(picked: selectors, of: documents, header, in: store, procedure)
        let plan = try await wholePlan(in: documents, header, procedure)
        try runner.requireUsers(for: plan.targets)
        var number = try await run(plan, documents, header, (selectors, picked), in: store, procedure, runner: runner)
        let (last, lastHeader) = try await continued(
            documents, header, of: matrix, (selectors, picked), in: store, procedure, runner: runner, last: &number)
        let states = try results(of: last, lastHeader, in: store, procedure).states(of: picked)
        return Dictionary(states.map { ($0.state, 1) }, uniquingKeysWith: +)
    }

    /// The matrix of a task. Relative paths in it are relative to the directory where it was submitted, or to the
    /// store.
    private static func matrix(of task: SubmittedTask, store: String) throws -> MatrixFile {
        guard let text = task.matrix else {
            throw Failure(
                .input, "the branch '\(SubmittedTask.prefix)\(task.name)' has no file '\(SubmittedTask.matrixPath)'")
        }
        guard text.count <= SourceText.sizeLimit else {
            throw Failure(.input, "the matrix of the task '\(task.name)' has more than \(SourceText.sizeLimit) bytes")
        }
        let place = URL(fileURLWithPath: store).deletingLastPathComponent().appending(path: "\(task.name).yaml")
        return try MatrixFile(SourceText(file: task.request.path ?? place.standardizedFileURL.path, bytes: text))
    }

    private static func line(for name: String, _ progress: TaskProgress) -> String {
        var line = "task \(name): \(progress.state == .dispatched ? "planned" : progress.state.rawValue)"
        if let cells = progress.cells {
            line += ": " + cells.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
        }
        if let reason = progress.reason { line += ": \(reason)" }
        return line
    }
}

/// The deployments of tasks. Each matrix is read once, although the tasks are listed whenever one of them changes.
private final class TaskDeployments: Sendable {
    private let known = Mutex<[String: (matrix: Digest, deployment: String?)]>([:])
    private let read: @Sendable (SubmittedTask) -> String?

    init(read: @escaping @Sendable (SubmittedTask) -> String?) { self.read = read }

    /// The deployment of a task; nil if its matrix is invalid or missing.
    subscript(task: SubmittedTask) -> String? {
        let digest = Digest(of: task.matrix ?? [])
        if let entry = known.withLock({ $0[task.name] }), entry.matrix == digest { return entry.deployment }
        let deployment = read(task)
        known.withLock { $0[task.name] = (digest, deployment) }
        return deployment
    }
}
