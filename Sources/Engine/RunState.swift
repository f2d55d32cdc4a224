internal import Core
internal import Foundation
internal import Model
internal import RunnerInterface
internal import Scheduler

/// The state of a run.
struct RunState {
    typealias Group = ThrowingTaskGroup<RunInput, any Error>
    typealias Action = Dispatcher.Action

    let run: PlanRun
    var dispatch: RunDispatch
    var isCancelled = false
    var isDraining = false
    /// Whether a job ended without a result because the run is interrupted.
    var hasReturnedJobs = false
    var isSettled = false
    /// Of the jobs that this run has settled.
    var results: [Digest: CellResult] = [:]
    var layers: [Digest: Digest] = [:]
    var inputLayers: InputLayers
    /// What runs, to stop it.
    var running: [Digest: Task<JobReport, Never>] = [:]
    /// Assignments that ended and whose results are not recorded yet.
    var completed: [UInt64: RunInput.Completion] = [:]
    var givenUp: Set<Cell> = []
    var failedAttempts: [Digest: [CellResult.FailedAttempt]] = [:]
    /// Jobs that this run executed.
    var executed: Set<Digest> = []
    /// Files of packages that were asked for; most are inputs of many jobs.
    var files: [Digest: PackageFiles] = [:]
    let clock = ContinuousClock()
    let began: ContinuousClock.Instant

    init(run: PlanRun) {
        self.run = run
        dispatch = RunDispatch(run.worklist, slots: run.slots, backoff: run.backoff)
        began = clock.now
        inputLayers = run.worklist.layers
        for (id, result) in run.worklist.known { layers[id] = result.layer }
    }

    /// Whether nothing is left to wait for: every job is settled, or the run is interrupted; none runs; and what needs no run
    /// is recorded.
    var isFinished: Bool {
        isSettled && (dispatch.dispatcher.isFinished || isInterrupted && dispatch.dispatcher.workers.assigned == 0)
    }

    /// Whether no further job starts.
    var isInterrupted: Bool { isCancelled || isDraining }

    /// Whether the run was interrupted before all was done.
    var isCutShort: Bool { isCancelled || isDraining && (hasReturnedJobs || !dispatch.dispatcher.isFinished) }

    mutating func start(in group: inout Group) async throws {
        try await perform(dispatch.start(), in: &group)
    }

    mutating func take(_ input: RunInput, in group: inout Group) async throws {
        if Task.isCancelled, !isCancelled {
            isCancelled = true
            try await perform(dispatch.drain(), in: &group)
        }
        let now = began.duration(to: clock.now)
        switch input {
        case .settled:
            isSettled = true
        case .drain:
            guard run.drain.isMade, !isInterrupted else { return }
            isDraining = true
            try await perform(dispatch.drain(), in: &group)
        case .time:
            try await perform(dispatch.handle(.clock(at: now)), in: &group)
        case .given(let cells):
            givenUp.formUnion(cells)
            try await perform(dispatch.cancel(unneeded()), in: &group)
            if !cells.isEmpty { awaitCancellations(in: &group) }
        case .free(let id):
            guard let job = dispatch.jobs.number(of: id) else { return }
            try await perform(dispatch.handle(.free(job)), in: &group)
        case .completed(let id, let token, let completion):
            guard let job = dispatch.jobs.number(of: id) else { return }
            completed[token] = completion
            try await perform(dispatch.handle(.worker(.reported(job: job, token: token, at: now))), in: &group)
        }
    }

    func awaitCancellations(in group: inout Group) {
        guard let cancellations = run.cancellations else { return }
        group.addTask {
            var iterator = cancellations.makeAsyncIterator()
            return .given(up: await iterator.next() ?? [])
        }
    }

    func awaitDrain(in group: inout Group) {
        let drain = run.drain
        group.addTask {
            await drain.wait()
            return .drain
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
        for action in actions {
            switch action {
            case .block(let job, let cause): try await block(dispatch.jobs[job], by: dispatch.jobs[cause])
            case .wake(let at):
                let deadline = began + at
                group.addTask {
                    try? await Task.sleep(until: deadline, clock: .continuous)
                    return .time
                }
            case .worker(let action): try await perform(action, in: &group)
            case .plan, .stopPlanning, .complete, .drop, .withdraw, .reopen: break
            }
        }
    }

    private mutating func perform(_ action: WorkerPool.Action, in group: inout Group) async throws {
        switch action {
        case .assign(let worker, let job, let token):
            if try await start(dispatch.jobs[job], token: token, in: &group) {
                let now = began.duration(to: clock.now)
                _ = dispatch.handle(.worker(.started(worker: worker, job: job, token: token, at: now)))
            } else {
                try await perform(dispatch.handle(.hold(job)), in: &group)
            }
        case .revoke(_, let job, _, _): running[dispatch.jobs[job]]?.cancel()
        case .accept(let job, let token): try await record(job, completed.removeValue(forKey: token), in: &group)
        case .discard(let job, let token):
            await forget(dispatch.jobs[job], completed.removeValue(forKey: token))
        // Workers within the process are neither lost nor silent.
        case .stalled, .evict, .giveUp: break
        }
    }

    /// Tells how many jobs will not run, once for each cause.
    private func tell(of actions: [Action]) async throws {
        var blocked: [Int: Int] = [:]
        var dropped = 0
        for action in actions {
            switch action {
            case .block(_, let cause): blocked[cause, default: 0] += 1
            case .drop: dropped += 1
            case .withdraw(let job) where running[dispatch.jobs[job]] == nil: dropped += 1
            default: break
            }
        }
        let causes = blocked.map { (id: dispatch.jobs[$0.key], count: $0.value) }
        for (cause, count) in causes.sorted(by: { $0.id < $1.id }) {
            if let job = run.plan.jobs[cause] { await run.observe(.blocked(jobs: count, by: job)) }
        }
        if dropped > 0, !isInterrupted { await run.observe(.dropped(jobs: dropped)) }
    }
}
