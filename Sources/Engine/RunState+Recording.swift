internal import Core
internal import Foundation
internal import Model
internal import RunnerInterface
internal import Scheduler

extension RunState {
    /// Records what became of a job, and goes on with what that makes possible.
    mutating func record(_ number: Int, _ completion: RunInput.Completion?, in group: inout Group) async throws {
        let id = dispatch.jobs[number]
        let ending: JobScheduler.Ending
        switch completion {
        case .report(let ended):
            let report = interrupted(ended)
            ending = self.ending(of: report)
            let isTriedAgain = ending == .infrastructure && dispatch.hasFurtherAttempt(id)
            try await note(report, of: id, isTriedAgain: isTriedAgain)
        case .adopted(let result, let isOwn):
            ending = self.ending(of: result.outcome)
            try await note(adopted: result, isOwn: isOwn, of: id)
        case nil: return
        }
        run.claims?.release(id)
        let now = began.duration(to: clock.now)
        try await perform(dispatch.handle(.recorded(number, ending, at: now)), in: &group)
    }

    /// A run that is interrupted tries nothing again: what failed may have failed for that.
    private mutating func interrupted(_ report: JobReport) -> JobReport {
        guard isInterrupted, report.outcome == .infrastructure else { return report }
        hasReturnedJobs = true
        var report = report
        report.outcome = .cancelled
        return report
    }

    /// Notes that an execution has ended that was stopped: nothing is recorded of it.
    mutating func forget(_ id: Digest, _ completion: RunInput.Completion?) async {
        run.claims?.release(id)
        guard running.removeValue(forKey: id) != nil, let job = run.plan.jobs[id],
            let target = run.worklist.targets[id], case .report(let report) = completion
        else { return }
        var ending = JobEnding(outcome: .cancelled, duration: report.duration)
        ending.isInterrupted = isInterrupted
        await run.observe(.ended(id, job, target: target.name, ending))
    }

    /// Records what became of a job, unless it will be run again.
    private mutating func note(_ report: JobReport, of id: Digest, isTriedAgain: Bool) async throws {
        guard let job = run.plan.jobs[id], let target = run.worklist.targets[id] else { return }
        running[id] = nil
        if isTriedAgain {
            let reason = report.reason ?? "the infrastructure failed"
            failedAttempts[id, default: []].append(.init(reason: reason, log: report.log))
            await run.observe(.retrying(id, job, reason: reason))
            return
        }
        var ending = JobEnding(
            outcome: report.outcome, phase: report.phase, reason: report.reason, duration: report.duration)
        ending.isInterrupted = isInterrupted && report.outcome == .cancelled
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
        let now = Date().timeIntervalSince1970
        result.finished = Int(now)
        result.plugin = "\(job.plugin.name) \(job.plugin.version)" + (report.pluginFile.map { " \($0)" } ?? "")
        result.attempts = dispatch.attempt(of: id)
        result.machine = report.machine
        result.failedAttempts = failedAttempts[id]
        result.overwrites = report.overwrites.isEmpty ? nil : report.overwrites
        result.execution = CellResult.execution(endedAt: now, named: .random(in: .min ... .max))
        result.base = inputLayers.base(of: job)
        return result
    }

    func block(_ id: Digest, by cause: Digest) async throws {
        guard let failure = results[cause] else { return }
        for cell in run.worklist.cellsDecided[id] ?? [] where !givenUp.contains(cell.cell) {
            // The next run finds out which cells are blocked.
            if Task.isCancelled { return }
            let result = CellResult(blocking: cell.cell, job: id, behind: failure, in: run.plan)
            try await run.put(result, at: ResultPath.cell(cell.cell))
        }
    }

    private func ending(of report: JobReport) -> JobScheduler.Ending {
        // The scheduler runs again what the infrastructure failed, but for what would fail again.
        report.outcome == .infrastructure && report.isPermanent ? .failure : ending(of: report.outcome)
    }

    private func ending(of outcome: Outcome) -> JobScheduler.Ending {
        switch outcome {
        case .success: .success
        case .failure, .blocked, .unsolvable: .failure
        case .infrastructure: .infrastructure
        case .cancelled: .cancelled
        }
    }
}
