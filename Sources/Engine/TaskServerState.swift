internal import Core
internal import Foundation
internal import Model
internal import Records
internal import Scheduler
internal import Store

/// The state of a task server. It drives the state machine of tasks, in which the whole run of a task counts as one
/// job.
struct TaskServerState {
    private let server: TaskServer
    private let owner: EphemeralOwner
    private let inputs: AsyncStream<TaskInput>.Continuation
    private var queue = TaskQueue()
    /// The tasks by number.
    private var tasks: [SubmittedTask] = []
    /// The numbers of unfinished tasks, by name.
    private var open: [String: Int] = [:]
    private var work: [Int: Task<Void, Never>] = [:]
    /// The planned tasks in the order of execution; the first one is running.
    private var planned: [(number: Int, run: TaskServer.PlannedRun)] = []
    private var isRunning = false
    private var isEnding = false
    private(set) var isInterrupted = false

    init(server: TaskServer, owner: EphemeralOwner, inputs: AsyncStream<TaskInput>.Continuation) {
        self.server = server
        self.owner = owner
        self.inputs = inputs
    }

    var isFinished: Bool {
        if isEnding { return work.isEmpty }
        return !server.stays && open.isEmpty && work.isEmpty
    }

    mutating func take(_ input: TaskInput) async throws {
        switch input {
        case .changed: try await poll()
        case .planned(let number, let result):
            work[number] = nil
            switch result {
            case .success(let run) where queue.states[number] == .planning && !isEnding:
                planned.append((number, run))
                tasks[number].progress.deployment = run.deployment
                try await note(.dispatched, number)
                try await perform(queue.handle(.planned(number, jobs: [number])))
                startRun()
            case .success: release(number)
            case .failure(let error): try await reject(number, error)
            }
        case .ended(let number, let result):
            work[number] = nil
            isRunning = false
            planned.removeFirst()
            try await end(number, result)
            startRun()
        case .drain: interrupt()
        case .stop:
            isInterrupted = true
            interrupt()
            for task in work.values { task.cancel() }
        }
    }

    /// Starts no further tasks. Planned tasks that are not running are left to the next server.
    private mutating func interrupt() {
        isEnding = true
        for (number, task) in work where !isRunning || planned.first?.number != number { task.cancel() }
        let waiting = isRunning ? planned.dropFirst() : planned[...]
        if !waiting.isEmpty { isInterrupted = true }
        planned.removeLast(waiting.count)
    }

    /// Reads the tasks: adds new ones and stops cancelled ones.
    mutating func poll() async throws {
        guard !isEnding else { return }
        for task in try SubmittedTask.all(in: server.store) {
            if let number = open[task.name] {
                if task.progress.state == .cancelled { try await cancel(number, task) }
            } else if !task.progress.state.isEnd, server.accepts(task), try claim(task.name) {
                // Another server may have finished the task since its state was read.
                guard let task = try SubmittedTask.named(task.name, in: server.store), !task.progress.state.isEnd else {
                    unclaim(task.name)
                    continue
                }
                tasks.append(task)
                open[task.name] = tasks.count - 1
                try await perform(queue.handle(.submit(priority: task.request.priority)))
            }
        }
    }

    private mutating func perform(_ actions: [TaskQueue.Action]) async throws {
        for action in actions {
            switch action {
            case .plan(let number): try await startPlanning(number)
            case .stopPlanning(let number): work[number]?.cancel()
            case .release(let number, _):
                if isRunning, planned.first?.number == number {
                    work[number]?.cancel()
                } else {
                    planned.removeAll { $0.number == number }
                }
            case .complete: break
            }
        }
    }

    // MARK: Working

    private mutating func startPlanning(_ number: Int) async throws {
        guard !isEnding else { return }
        try await note(.planning, number)
        let (task, plan, inputs) = (tasks[number], server.procedure.plan, inputs)
        work[number] = Task {
            do {
                inputs.yield(.planned(number, .success(try await plan(task))))
            } catch {
                inputs.yield(.planned(number, .failure(error)))
            }
        }
    }

    /// Runs the first planned task, unless one runs.
    private mutating func startRun() {
        guard !isRunning, !isEnding, let next = planned.first else { return }
        isRunning = true
        if let path = try? SubmittedTask.claim(of: tasks[next.number].name) {
            // Only for display.
            _ = try? server.store.ephemeral.set(
                SubmittedTask.running, at: path, owner: owner, lifetime: nil, expecting: .anything)
        }
        let inputs = inputs
        work[next.number] = Task {
            do {
                inputs.yield(.ended(next.number, .success(try await next.run.run())))
            } catch {
                inputs.yield(.ended(next.number, .failure(error)))
            }
        }
    }

    private mutating func reject(_ number: Int, _ error: any Error) async throws {
        if error is CancellationError || isEnding {
            if queue.states[number] == .planning { isInterrupted = true }
            return release(number)
        }
        try await finish(number, Self.progress(after: error))
        try await perform(queue.handle(.rejected(number)))
    }

    /// Only an invalid task is rejected, even if that is found when it runs, like a selector that matches no cell; an
    /// unreachable mirror, for example, is not its fault.
    private static func progress(after error: any Error) -> TaskProgress {
        let isRefused = Failure(describing: error).category == .input
        return TaskProgress(isRefused ? .rejected : .failed, since: now, reason: "\(error)")
    }

    private mutating func end(_ number: Int, _ result: Result<[String: Int], any Error>) async throws {
        switch result {
        case .success(let cells):
            try await finish(number, TaskProgress(.complete, since: Self.now, cells: cells))
        case .failure(let error) where error is CancellationError:
            // The task was cancelled, or interrupted and left to the next server.
            release(number)
            if queue.states[number] != .cancelled {
                isInterrupted = true
                interrupt()
            }
        case .failure(let error):
            try await finish(number, Self.progress(after: error))
        }
        try await perform(queue.handle(.settled(number)))
    }

    private mutating func cancel(_ number: Int, _ task: SubmittedTask) async throws {
        open[task.name] = nil
        await server.observe(task.name, task.progress)
        try await perform(queue.handle(.cancel(number)))
        if work[number] == nil { unclaim(task.name) }
    }

    // MARK: Recording

    private static var now: Int { Int(Date().timeIntervalSince1970) }

    private mutating func finish(_ number: Int, _ progress: TaskProgress) async throws {
        var progress = progress
        progress.deployment = tasks[number].progress.deployment
        tasks[number].progress = progress
        if try SubmittedTask.record(progress, of: tasks[number].name, in: server.store) {
            await server.observe(tasks[number].name, progress)
        }
        // A run pushes all branches, this task's among them.
        if !isRunning { await server.hub?.pushRest(of: server.store) }
        release(number)
    }

    private mutating func note(_ state: TaskProgress.State, _ number: Int) async throws {
        let progress = TaskProgress(state, since: Self.now, deployment: tasks[number].progress.deployment)
        if try SubmittedTask.record(progress, of: tasks[number].name, in: server.store) {
            await server.observe(tasks[number].name, progress)
        }
    }

    /// Releases the claim on a task.
    private mutating func release(_ number: Int) {
        open[tasks[number].name] = nil
        unclaim(tasks[number].name)
    }

    private func claim(_ name: String) throws -> Bool {
        try server.store.ephemeral.set(
            [], at: SubmittedTask.claim(of: name), owner: owner, lifetime: nil, expecting: .unclaimed) != nil
    }

    private func unclaim(_ name: String) {
        // A claim that cannot be removed expires with the process.
        guard let path = try? SubmittedTask.claim(of: name) else { return }
        _ = try? server.store.ephemeral.remove(path, expecting: .anything)
    }
}
