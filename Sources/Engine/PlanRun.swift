package import Core
package import Documents
internal import Foundation
internal import Scheduler
package import Worker

/// Carries out an agenda: runs what the scheduler says, records every verdict, tells the observer.
///
/// Verdicts are recorded before anything that waits for them is started: what was told is never lost.
package struct PlanRun: Sendable {
    /// A verdict, and where its document lies.
    package struct Entry: Sendable {
        package var path: String
        package var result: CellResult
    }

    package let plan: Plan
    package let agenda: Agenda
    package let runner: any JobRunner
    package let slots: Int
    /// The pause before a job whose infrastructure failed is run again; doubled for each further attempt.
    package let backoff: Duration
    /// The files of a job's package, by their digest.
    package let files: @Sendable (Digest) throws -> PackageFiles
    package let record: @Sendable (Entry) throws -> Void
    package let observe: @Sendable (RunEvent) async -> Void
    /// Cells that somebody gives up while the run goes on; they get no verdict of this run.
    package let cancellations: AsyncStream<Set<Cell>>?

    package init(
        plan: Plan, agenda: Agenda, runner: any JobRunner, slots: Int, backoff: Duration = .seconds(2),
        files: @escaping @Sendable (Digest) throws -> PackageFiles, record: @escaping @Sendable (Entry) throws -> Void,
        observe: @escaping @Sendable (RunEvent) async -> Void, cancellations: AsyncStream<Set<Cell>>? = nil
    ) {
        self.cancellations = cancellations
        self.plan = plan
        self.agenda = agenda
        self.runner = runner
        self.slots = slots
        self.backoff = backoff
        self.files = files
        self.record = record
        self.observe = observe
    }

    /// Runs until every job is settled or the task is cancelled; then what runs is stopped and waited for.
    ///
    /// - Throws: what `record` throws; `CancellationError` when cancelled.
    package func run() async throws {
        await observe(.planned(cells: agenda.cells, jobs: agenda.nodes.count, done: agenda.known.count))
        for result in agenda.settled { try await put(result, at: ResultPath.cell(result.cell)) }
        var course = Course(run: self)
        try await withThrowingTaskGroup(of: Happening.self) { group in
            course.awaitCancellations(in: &group)
            await course.perform(course.scheduler.start(), in: &group)
            while !course.scheduler.isFinished, let happening = try await group.next() {
                try await course.take(happening, in: &group)
            }
            group.cancelAll()
        }
        if course.isCancelled { throw CancellationError() }
    }

    fileprivate func put(_ result: CellResult, at path: String) async throws {
        try record(Entry(path: path, result: result))
        await observe(.recorded(result))
    }
}

/// What a run waits for.
private enum Happening: Sendable {
    case ended(Digest, JobReport)
    case time
    case given(up: Set<Cell>)
}

/// The state of a run.
private struct Course {
    let run: PlanRun
    var scheduler: JobScheduler<Digest>
    var isCancelled = false
    private var layers: [Digest: Digest] = [:]
    private var results: [Digest: CellResult] = [:]
    private var attempts: [Digest: Int] = [:]
    /// What runs, to stop it.
    private var running: [Digest: Task<JobReport, Never>] = [:]
    private var givenUp: Set<Cell> = []
    private var failedAttempts: [Digest: [CellResult.FailedAttempt]] = [:]
    /// Files of packages that were asked for; most are inputs of many jobs.
    private var files: [Digest: PackageFiles] = [:]
    private let clock = ContinuousClock()
    private let began: ContinuousClock.Instant

    init(run: PlanRun) {
        self.run = run
        scheduler = JobScheduler(
            nodes: run.agenda.nodes, slots: run.slots, lanes: run.agenda.lanes, backoff: run.backoff)
        began = clock.now
        results = run.agenda.known
        for (id, result) in run.agenda.known { layers[id] = result.layer }
    }

    mutating func take(
        _ happening: Happening, in group: inout ThrowingTaskGroup<Happening, any Error>
    ) async throws {
        if Task.isCancelled, !isCancelled {
            isCancelled = true
            await perform(scheduler.advance(.cancel(Set(run.agenda.nodes.map(\.id)))), in: &group)
        }
        let now = began.duration(to: clock.now)
        switch happening {
        case .time:
            await perform(scheduler.advance(.clock(at: now)), in: &group)
        case .given(let cells):
            givenUp.formUnion(cells)
            await perform(scheduler.advance(.cancel(unneeded())), in: &group)
            if !cells.isEmpty { awaitCancellations(in: &group) }
        case .ended(let id, let report):
            let actions = scheduler.advance(.ended(id, ending(of: report), at: now))
            try await note(report, of: id)
            for case .block(let blocked, let cause) in actions { try await block(blocked, by: cause) }
            await perform(actions, in: &group)
        }
    }

    func awaitCancellations(in group: inout ThrowingTaskGroup<Happening, any Error>) {
        guard let cancellations = run.cancellations else { return }
        group.addTask {
            var iterator = cancellations.makeAsyncIterator()
            return .given(up: await iterator.next() ?? [])
        }
    }

    /// Jobs that only cells need that were given up.
    private func unneeded() -> Set<Digest> {
        var needed: Set<Digest> = []
        var open = run.agenda.cellsDecided.filter { !$0.value.allSatisfy { givenUp.contains($0.cell) } }.map(\.key)
        while let id = open.popLast() {
            guard needed.insert(id).inserted else { continue }
            open += run.plan.jobs[id]?.inputs ?? []
        }
        return Set(run.agenda.nodes.map(\.id)).subtracting(needed)
    }

    mutating func perform(
        _ actions: [JobScheduler<Digest>.Action], in group: inout ThrowingTaskGroup<Happening, any Error>
    ) async {
        for action in actions {
            switch action {
            case .run(let id, let attempt):
                attempts[id] = attempt
                await start(id, attempt: attempt, in: &group)
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

    private mutating func start(
        _ id: Digest, attempt: Int, in group: inout ThrowingTaskGroup<Happening, any Error>
    ) async {
        guard let job = run.plan.jobs[id], let target = run.agenda.targets[id] else { return }
        await run.observe(.started(id, job, target: target.name, attempt: attempt))
        do {
            let request = JobRequest(
                id: id, job: job, files: try files(of: job), inputs: try inputs(of: job), target: target)
            let (runner, observe) = (run.runner, run.observe)
            let (steps, tell) = AsyncStream.makeStream(of: JobStep.self)
            let work = Task { await runner.run(request) { tell.yield($0) } }
            running[id] = work
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
        } catch {
            var report = JobReport(outcome: .infrastructure, duration: 0)
            report.reason = "\(error)"
            group.addTask { [report] in .ended(id, report) }
        }
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
                throw Failure(.infrastructure, "the layer of job \(id) is missing")
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
        switch report.outcome {
        case .success: .success
        case .failure, .blocked, .unsolvable: .failure
        // The scheduler runs what failed for the infrastructure again, and what failed for good not.
        case .infrastructure: report.isPermanent ? .failure : .infrastructure
        case .cancelled: .cancelled
        }
    }

    /// Records what became of a job, unless it will be run again or was stopped.
    private mutating func note(_ report: JobReport, of id: Digest) async throws {
        guard let job = run.plan.jobs[id], let target = run.agenda.targets[id] else { return }
        if case .retrying = scheduler.state(of: id) {
            let reason = report.reason ?? "the infrastructure failed"
            failedAttempts[id, default: []].append(.init(reason: reason, log: report.log))
            await run.observe(.retrying(id, job, reason: reason))
            return
        }
        running[id] = nil
        let ending = JobEnding(
            outcome: report.outcome, phase: report.phase, reason: report.reason, duration: report.duration)
        await run.observe(.ended(id, job, target: target.name, ending))
        guard report.outcome != .cancelled else { return }
        layers[id] = report.layer
        let result = result(of: report, job: job, id: id, on: target)
        results[id] = result
        let cells = (run.agenda.cellsDecided[id] ?? []).filter { !givenUp.contains($0.cell) }
        if cells.isEmpty {
            try await run.put(result, at: ResultPath.input(result.cell, job: id))
        }
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
        return result
    }

    private func block(_ id: Digest, by cause: Digest) async throws {
        guard let failure = results[cause] else { return }
        for cell in run.agenda.cellsDecided[id] ?? [] where !givenUp.contains(cell.cell) {
            let result = CellResult(blocking: cell.cell, job: id, behind: failure, in: run.plan)
            try await run.put(result, at: ResultPath.cell(cell.cell))
        }
    }
}
