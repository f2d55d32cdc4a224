internal import Core
internal import Documents
internal import Foundation
internal import RunnerInterface
internal import Scheduler

/// The state of a run.
struct RunState {
    typealias Group = ThrowingTaskGroup<RunInput, any Error>
    typealias Action = JobScheduler<Digest>.Action

    let run: PlanRun
    var scheduler: JobScheduler<Digest>
    private(set) var isCancelled = false
    private var isSettled = false
    /// Whether nothing is left to wait for.
    var isFinished: Bool { scheduler.isFinished && isSettled }
    /// Of the jobs that this run has settled.
    private(set) var results: [Digest: CellResult] = [:]
    private var layers: [Digest: Digest] = [:]
    private var inputLayers: InputLayers
    private var attempts: [Digest: Int] = [:]
    /// What runs, to stop it.
    private var running: [Digest: Task<JobReport, Never>] = [:]
    private var givenUp: Set<Cell> = []
    private var failedAttempts: [Digest: [CellResult.FailedAttempt]] = [:]
    /// Jobs that this run executed.
    private var executed: Set<Digest> = []
    /// Files of packages that were asked for; most are inputs of many jobs.
    private var files: [Digest: PackageFiles] = [:]
    private let clock = ContinuousClock()
    private let began: ContinuousClock.Instant

    init(run: PlanRun) {
        self.run = run
        scheduler = JobScheduler(
            nodes: run.worklist.nodes, slots: run.slots, lanes: run.worklist.lanes, backoff: run.backoff)
        began = clock.now
        inputLayers = run.worklist.layers
        for (id, result) in run.worklist.known { layers[id] = result.layer }
    }

    mutating func take(_ input: RunInput, in group: inout Group) async throws {
        if Task.isCancelled, !isCancelled {
            isCancelled = true
            try await perform(scheduler.advance(.cancel(Set(run.worklist.nodes.map(\.id)))), in: &group)
        }
        let now = began.duration(to: clock.now)
        switch input {
        case .settled:
            isSettled = true
        case .time:
            try await perform(scheduler.advance(.clock(at: now)), in: &group)
        case .given(let cells):
            givenUp.formUnion(cells)
            try await perform(scheduler.advance(.cancel(unneeded())), in: &group)
            if !cells.isEmpty { awaitCancellations(in: &group) }
        case .free(let id):
            try await perform(scheduler.advance(.released(id)), in: &group)
        case .adopted(let id, let result, let isOwn):
            let actions = scheduler.advance(.ended(id, ending(of: result.outcome), at: now))
            try await note(adopted: result, isOwn: isOwn, of: id)
            run.claims?.release(id)
            try await perform(actions, in: &group)
        case .ended(let id, let report):
            let report = isCancelled && report.outcome == .infrastructure ? Self.interrupted(report) : report
            let actions = scheduler.advance(.ended(id, ending(of: report), at: now))
            try await note(report, of: id)
            run.claims?.release(id)
            try await perform(actions, in: &group)
        }
    }

    func awaitCancellations(in group: inout Group) {
        guard let cancellations = run.cancellations else { return }
        group.addTask {
            var iterator = cancellations.makeAsyncIterator()
            return .given(up: await iterator.next() ?? [])
        }
    }

    /// Jobs that only cells need that were given up.
    private func unneeded() -> Set<Digest> {
        var needed: Set<Digest> = []
        var open = run.worklist.cellsDecided.filter { !$0.value.allSatisfy { givenUp.contains($0.cell) } }.map(\.key)
        while let id = open.popLast() {
            guard needed.insert(id).inserted else { continue }
            open += run.plan.jobs[id]?.inputs ?? []
        }
        return Set(run.worklist.nodes.map(\.id)).subtracting(needed)
    }

    mutating func perform(_ actions: [Action], in group: inout Group) async throws {
        try await tell(of: actions)
        for case .block(let blocked, let cause) in actions { try await block(blocked, by: cause) }
        var open = actions[...]
        while let action = open.popFirst() {
            switch action {
            case .run(let id, let attempt):
                attempts[id] = attempt
                if try await !start(id, attempt: attempt, in: &group) { open += scheduler.advance(.held(id)) }
            case .wake(let at):
                let deadline = began + at
                group.addTask {
                    try? await Task.sleep(until: deadline, clock: .continuous)
                    return .time
                }
            case .stop(let id):
                running[id]?.cancel()
            case .drop, .block:
                break
            }
        }
    }

    /// Tells how many jobs will not run, once for each cause.
    private func tell(of actions: [Action]) async throws {
        var blocked: [Digest: Int] = [:]
        var dropped = 0
        for action in actions {
            if case .block(_, let cause) = action { blocked[cause, default: 0] += 1 }
            if case .drop = action { dropped += 1 }
        }
        for (cause, count) in blocked.sorted(by: { $0.key < $1.key }) {
            if let job = run.plan.jobs[cause] { await run.observe(.blocked(jobs: count, by: job)) }
        }
        if dropped > 0, !isCancelled { await run.observe(.dropped(jobs: dropped)) }
    }

    // MARK: Starting

    /// Starts a job, or takes over the verdict on it that is recorded by now.
    ///
    /// - Returns: false where another run is at work on it.
    private mutating func start(_ id: Digest, attempt: Int, in group: inout Group) async throws -> Bool {
        guard let job = run.plan.jobs[id], let target = run.worklist.targets[id] else {
            group.addTask { .ended(id, Self.infrastructure("the plan has no job \(id)")) }
            return true
        }
        if let claims = run.claims, try !claims.claim(id) {
            await run.observe(.waiting(id, job, target: target.name))
            group.addTask {
                await claims.waitUntilFree(id)
                return .free(id)
            }
            return false
        }
        if let (result, isOwn) = try run.recorded(id), isUsable(result, for: job) {
            group.addTask { .adopted(id, result, isOwn: isOwn) }
            return true
        }
        await run.observe(.started(id, job, target: target.name, attempt: attempt))
        do {
            let request = JobRequest(
                id: id, job: job, files: try files(of: job), inputs: try inputs(of: job), target: target)
            execute(request, in: &group)
        } catch {
            let report = Self.infrastructure("\(error)")
            group.addTask { .ended(id, report) }
        }
        return true
    }

    /// Whether a recorded verdict was reached over the layers that the job's inputs have now, and its own layer is there.
    private func isUsable(_ result: CellResult, for job: Job) -> Bool {
        guard result.outcome == .success || result.outcome == .failure else { return false }
        if let base = result.base {
            guard base == inputLayers.base(of: job) else { return false }
        } else if job.inputs.contains(where: executed.contains) {
            return false
        }
        guard result.outcome == .success, job.kind == .build else { return true }
        return result.layer.map(run.runner.holds) ?? false
    }

    private mutating func execute(_ request: JobRequest, in group: inout Group) {
        let id = request.id
        let (runner, observe) = (run.runner, run.observe)
        let (steps, tell) = AsyncStream.makeStream(of: JobStep.self)
        let work = Task { await runner.run(request) { tell.yield($0) } }
        running[id] = work
        executed.insert(id)
        group.addTask {
            async let told: Void = {
                for await step in steps { await observe(.step(id, step)) }
            }()
            let report = await withTaskCancellationHandler {
                await work.value
            } onCancel: {
                work.cancel()
            }
            tell.finish()
            await told
            return .ended(id, report)
        }
    }

    private static func infrastructure(_ reason: String) -> JobReport {
        var report = JobReport(outcome: .infrastructure, duration: 0)
        report.reason = reason
        return report
    }

    /// A run that is interrupted tries nothing again: what failed may have failed for that.
    private static func interrupted(_ report: JobReport) -> JobReport {
        var report = report
        report.outcome = .cancelled
        return report
    }

    private mutating func files(of job: Job) throws -> PackageFiles {
        if let known = files[job.opam] { return known }
        let read = try run.files(job.opam)
        files[job.opam] = read
        return read
    }

    /// All that the job is built over, inputs before what is built over them.
    private mutating func inputs(of job: Job) throws -> [JobRequest.Input] {
        var order: [JobRequest.Input] = []
        var visited: Set<Digest> = []
        var stack = job.inputs.reversed().map { ($0, false) }
        while let (id, inputsDone) = stack.popLast() {
            guard let input = run.plan.jobs[id], let layer = layers[id] else {
                throw Failure(.unavailable, "the layer of job \(id) is missing")
            }
            if inputsDone {
                order.append(.init(id: id, job: input, layer: layer, files: try files(of: input)))
            } else if visited.insert(id).inserted {
                stack.append((id, true))
                stack.append(contentsOf: input.inputs.reversed().map { ($0, false) })
            }
        }
        return order
    }

    private func ending(of report: JobReport) -> JobScheduler<Digest>.Ending {
        // The scheduler runs again what the infrastructure failed, but for what would fail again.
        report.outcome == .infrastructure && report.isPermanent ? .failure : ending(of: report.outcome)
    }

    private func ending(of outcome: Outcome) -> JobScheduler<Digest>.Ending {
        switch outcome {
        case .success: .success
        case .failure, .blocked, .unsolvable: .failure
        case .infrastructure: .infrastructure
        case .cancelled: .cancelled
        }
    }

    // MARK: Recording

    /// Records what became of a job, unless it will be run again or was stopped.
    private mutating func note(_ report: JobReport, of id: Digest) async throws {
        guard let job = run.plan.jobs[id], let target = run.worklist.targets[id] else { return }
        running[id] = nil
        if case .retrying = scheduler.state(of: id) {
            let reason = report.reason ?? "the infrastructure failed"
            failedAttempts[id, default: []].append(.init(reason: reason, log: report.log))
            await run.observe(.retrying(id, job, reason: reason))
            return
        }
        var ending = JobEnding(
            outcome: report.outcome, phase: report.phase, reason: report.reason, duration: report.duration)
        ending.isInterrupted = isCancelled && report.outcome == .cancelled
        await run.observe(.ended(id, job, target: target.name, ending))
        guard report.outcome != .cancelled else { return }
        let result = result(of: report, job: job, id: id, on: target)
        settle(id, result, of: job)
        let cells = (run.worklist.cellsDecided[id] ?? []).filter { !givenUp.contains($0.cell) }
        if cells.isEmpty {
            try await run.put(result, at: ResultPath.input(result.cell, job: id))
        }
        try await put(result, on: cells)
    }

    /// Records the verdict of another execution for this deployment.
    private mutating func note(adopted result: CellResult, isOwn: Bool, of id: Digest) async throws {
        guard let job = run.plan.jobs[id], let target = run.worklist.targets[id] else { return }
        let ending = JobEnding(
            outcome: result.outcome, phase: result.phase, reason: result.reason, duration: result.duration ?? 0)
        await run.observe(.adopted(id, job, target: target.name, ending))
        settle(id, result, of: job)
        let cells = (run.worklist.cellsDecided[id] ?? []).filter { !givenUp.contains($0.cell) }
        if cells.isEmpty, !isOwn {
            var result = result
            result.cell = Cell(target: target.name, compiler: job.compiler, package: job.package)
            try await run.put(result, at: ResultPath.input(result.cell, job: id))
        }
        try await put(result, on: cells)
    }

    private mutating func settle(_ id: Digest, _ result: CellResult, of job: Job) {
        results[id] = result
        layers[id] = result.layer
        if let layer = result.layer, let base = inputLayers.base(of: job) { inputLayers.set(layer, of: id, over: base) }
    }

    private func put(_ result: CellResult, on cells: [PlannedCell]) async throws {
        for cell in cells {
            var result = result
            result.cell = cell.cell
            try await run.put(result, at: ResultPath.cell(cell.cell))
        }
    }

    private func result(of report: JobReport, job: Job, id: Digest, on target: Plan.Target) -> CellResult {
        let cell = Cell(target: target.name, compiler: job.compiler, package: job.package)
        var result = CellResult(
            cell: cell, job: id, outcome: report.outcome, repositories: run.plan.repositories.map(\.commit))
        result.phase = report.phase
        result.signature = report.signature
        result.reason = report.reason
        result.log = report.log
        result.layer = report.layer
        result.duration = report.duration
        result.finished = Int(Date().timeIntervalSince1970)
        result.plugin = "\(job.plugin.name) \(job.plugin.version) \(job.plugin.digest)"
        result.attempts = attempts[id]
        result.machine = report.machine
        result.failedAttempts = failedAttempts[id]
        result.overwrites = report.overwrites.isEmpty ? nil : report.overwrites
        result.execution = String(UInt64.random(in: .min ... .max), radix: 36)
        result.base = inputLayers.base(of: job)
        return result
    }

    private func block(_ id: Digest, by cause: Digest) async throws {
        guard let failure = results[cause] else { return }
        for cell in run.worklist.cellsDecided[id] ?? [] where !givenUp.contains(cell.cell) {
            // The next run finds out which cells are blocked.
            if Task.isCancelled { return }
            let result = CellResult(blocking: cell.cell, job: id, behind: failure, in: run.plan)
            try await run.put(result, at: ResultPath.cell(cell.cell))
        }
    }
}
