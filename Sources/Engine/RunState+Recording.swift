internal import Core
internal import Foundation
internal import Model
internal import RunnerInterface
internal import Scheduler
internal import Store

extension RunState {
    /// Starts recording the result of a job; `finish` continues when it is recorded.
    mutating func record(_ number: Int, _ token: UInt64, _ completion: Completion?) async throws {
        let id = dispatch.jobs[number]
        var end = JobEnd(number: number, token: token, worker: active[id]?.worker, ending: .failure)
        guard let job = run.plan.jobs[id], let target = run.worklist.targets[id] else {
            return write([], then: end)
        }
        var entries: [PlanRun.Entry] = []
        switch completion {
        case .report(let written):
            (end.worker, end.claim) = (written.worker, written.claim)
            var report = try JobReport(written) { try run.coordination.blobs.bytes(of: $0) }
            // The failure may be a consequence of the interruption.
            if isInterrupted, report.outcome == .infrastructure {
                report.outcome = .cancelled
                hasReturnedJobs = true
            }
            end.ending = ending(of: report, number)
            let isTriedAgain = end.ending == .infrastructure && dispatch.hasFurtherAttempt(id)
            if try await note(report, of: id, job, isTriedAgain: isTriedAgain) {
                var result = result(of: report, job: job, id: id, on: target)
                result.execution = written.execution
                // The clock of the worker's machine may be wrong, and times decide which result is the newest.
                let earliest = active[id].flatMap { $0.token == token ? $0.assignedAt : nil } ?? 0
                result.finished = Int(min(max(written.finished, Double(earliest)), Date().timeIntervalSince1970))
                result.base = written.base ?? result.base
                entries = self.entries(result, of: id, job)
            }
        case .failure(let reason):
            var report = JobReport(outcome: .infrastructure, duration: 0)
            report.reason = reason
            end.ending = ending(of: report, number)
            let isTriedAgain = end.ending == .infrastructure && dispatch.hasFurtherAttempt(id)
            if try await note(report, of: id, job, isTriedAgain: isTriedAgain) {
                entries = self.entries(result(of: report, job: job, id: id, on: target), of: id, job)
            }
        case .adopted(let result, let isOwn):
            end.ending = ending(of: result.outcome)
            entries = await note(adopted: result, isOwn: isOwn, of: id, job, target)
        case nil: return
        }
        recording.insert(id)
        write(entries, then: end)
    }

    /// Continues after the results of a job were recorded.
    ///
    /// Where they must be published, jobs that depend on them start no earlier: another dispatcher that takes over
    /// without them could not tell what a report on such a job was built on.
    mutating func finish(_ end: JobEnd) async throws {
        let id = dispatch.jobs[end.number]
        if let holder = active[id], holder.token == end.token {
            requests.drop(holder.request, in: holder.bundle)
            active[id] = nil
        }
        guard end.isRecorded, end.worker != nil, let published = run.published else { return try await conclude(end) }
        unpublished += 1
        let (inputs, ends) = (inputs, publishedEnds)
        Task {
            do {
                try await published()
                if ends.add(end) { inputs.yield(.published) }
            } catch {
                inputs.yield(.failed(error))
            }
        }
    }

    /// Removes the assignment of a job and the report on it, and tells the scheduler.
    mutating func conclude(_ end: JobEnd) async throws {
        let id = dispatch.jobs[end.number]
        if let worker = end.worker { try remove(id, from: worker, end.token, end.claim) }
        recording.remove(id)
        try await perform(dispatch.handle(.recorded(end.number, end.ending, at: now)))
    }

    /// Handles the end of an execution that was stopped or superseded; nothing is recorded of it.
    mutating func forget(_ id: Digest, _ token: UInt64, _ completion: Completion?) async {
        guard case .report(let report) = completion else { return }
        try? remove(id, from: report.worker, token, report.claim)
        guard let holder = active[id], holder.token == token else { return }
        requests.drop(holder.request, in: holder.bundle)
        active[id] = nil
        if holder.hasBegun { await observeInterruption(of: id) }
    }

    /// Reports that a started job was stopped.
    func observeInterruption(of id: Digest) async {
        guard let job = run.plan.jobs[id], let target = run.worklist.targets[id] else { return }
        var ending = JobEnding(outcome: .cancelled, duration: 0)
        ending.isInterrupted = isInterrupted
        await run.observe(.ended(id, job, target: target.name, ending))
    }

    /// Reports the result of a job.
    ///
    /// - Returns: Whether the result must be recorded.
    private mutating func note(
        _ report: JobReport, of id: Digest, _ job: Job, isTriedAgain: Bool
    ) async throws -> Bool {
        if isTriedAgain {
            let reason = report.reason ?? "the infrastructure failed"
            failedAttempts[id, default: []].append(.init(reason: reason, log: report.log, error: report.error))
            await run.observe(.retrying(id, job, reason: reason))
            return false
        }
        var ending = JobEnding(
            outcome: report.outcome, phase: report.phase, reason: report.reason, duration: report.duration)
        ending.isInterrupted = isInterrupted && report.outcome == .cancelled
        await run.observe(.ended(id, job, target: run.worklist.targets[id]?.name ?? "", ending))
        return report.outcome != .cancelled
    }

    private mutating func entries(_ result: CellResult, of id: Digest, _ job: Job) -> [PlanRun.Entry] {
        settle(id, result, of: job)
        let cells = cells(decidedBy: result, of: id)
        let own = PlanRun.Entry(path: ResultPath.input(result.cell, job: id), result: result)
        return cells.isEmpty ? [own] : entries(result, on: cells)
    }

    /// Adopts the result of another execution for this deployment.
    private mutating func note(
        adopted result: CellResult, isOwn: Bool, of id: Digest, _ job: Job, _ target: Plan.Target
    ) async -> [PlanRun.Entry] {
        let ending = JobEnding(
            outcome: result.outcome, phase: result.phase, reason: result.reason, duration: result.duration ?? 0)
        await run.observe(.adopted(id, job, target: target.name, ending))
        settle(id, result, of: job)
        let cells = cells(decidedBy: result, of: id)
        guard cells.isEmpty, !isOwn else { return entries(result, on: cells) }
        var result = result
        result.cell = Cell(target: target.name, compiler: job.compiler, package: job.package)
        return [PlanRun.Entry(path: ResultPath.input(result.cell, job: id), result: result)]
    }

    private mutating func settle(_ id: Digest, _ result: CellResult, of job: Job) {
        results[id] = result
        settledAt[id] = clock.now
        layers[id] = result.layer
        if let layer = result.layer, let base = inputLayers.base(of: job) { inputLayers.set(layer, of: id, over: base) }
    }

    /// The cells whose verdict the result is: none of which more is to be planned.
    private func cells(decidedBy result: CellResult, of id: Digest) -> [PlannedCell] {
        (run.worklist.cellsDecided[id] ?? []).filter { cell in
            !cancelledCells.contains(cell.cell) && !(cell.isProvisional && result.outcome == .success)
        }
    }

    private func entries(_ result: CellResult, on cells: [PlannedCell]) -> [PlanRun.Entry] {
        cells.map { cell in
            var result = result
            result.cell = cell.cell
            return PlanRun.Entry(path: ResultPath.cell(cell.cell), result: result)
        }
    }

    /// Records results concurrently.
    ///
    /// - Parameter end: The assignment to finish afterwards.
    mutating func write(_ entries: [PlanRun.Entry], then end: JobEnd?) {
        writing += 1
        var end = end
        end?.isRecorded = !entries.isEmpty
        let (run, inputs, ending, ends) = (run, inputs, end, recordedEnds)
        Task {
            do {
                if !entries.isEmpty { try run.coordination.leadership.check() }
                try await run.record(entries)
                if let ending {
                    if ends.add(ending) { inputs.yield(.recorded) }
                } else {
                    inputs.yield(.settled)
                }
            } catch {
                inputs.yield(.failed(error))
            }
        }
    }

    /// Records the results that need no execution when a worker runs a step or none has a job. There may be thousands,
    /// which would delay the start of the first job.
    mutating func writeSettledIfJobsRun() {
        if active.isEmpty || active.values.contains(where: { $0.step != nil }) { writeSettled() }
    }

    /// Records the results that need no execution, unless that has begun.
    mutating func writeSettled() {
        guard !hasWrittenSettled else { return }
        hasWrittenSettled = true
        write(
            run.worklist.settled.map { PlanRun.Entry(path: ResultPath.cell($0.cell), result: $0) }, then: nil)
    }

    private func result(of report: JobReport, job: Job, id: Digest, on target: Plan.Target) -> CellResult {
        let cell = Cell(target: target.name, compiler: job.compiler, package: job.package)
        var result = CellResult(
            cell: cell, job: id, outcome: report.outcome, repositories: run.plan.repositories.map(\.commit))
        result.phase = report.phase
        result.signature = report.signature
        result.reason = report.reason
        result.error = report.error
        result.log = report.log
        result.layer = report.layer
        result.duration = report.duration
        result.durations = report.durations ?? CellResult.Durations()
        result.durations?.queued = queued[id].map { ($0 * 1000).rounded() / 1000 }
        let now = Date().timeIntervalSince1970
        result.finished = Int(now)
        result.plugin = "\(job.plugin.name) \(job.plugin.version)" + (report.pluginFile.map { " \($0)" } ?? "")
        result.attempts = dispatch.attempt(of: id)
        result.machine = report.machine
        result.systemPackages = report.systemPackages
        result.confirmation = report.confirmation
        result.failedAttempts = failedAttempts[id]
        result.overwrites = report.overwrites.isEmpty ? nil : report.overwrites
        (result.generated, result.image) = (report.generated, report.image)
        result.execution = CellResult.execution(endedAt: now, named: .random(in: .min ... .max))
        result.base = inputLayers.base(of: job)
        return result
    }

    /// Records the cells that a failure blocks.
    mutating func block(_ id: Digest, by cause: Digest) {
        // The next run determines the blocked cells.
        guard let failure = results[cause], !isInterrupted else { return }
        let entries = (run.worklist.cellsDecided[id] ?? []).filter { !cancelledCells.contains($0.cell) }.map { cell in
            var result = CellResult(blocking: cell.cell, job: id, behind: failure, in: run.plan)
            result.setBlockedChain(in: run.plan)
            return PlanRun.Entry(path: ResultPath.cell(cell.cell), result: result)
        }
        if !entries.isEmpty { write(entries, then: nil) }
    }

    private func ending(of report: JobReport, _ number: Int) -> JobScheduler.Ending {
        // The scheduler retries infrastructure failures. A worker on which one is permanent would fail again.
        let isFinal = report.isPermanent && !dispatch.dispatcher.workers.canRunElsewhere(number)
        return report.outcome == .infrastructure && isFinal ? .failure : ending(of: report.outcome)
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

extension PlanRun {
    /// The number of results that are recorded at a time, so that the store makes them durable together, in one pack. A
    /// run may have thousands that need no execution, and if it is interrupted, the next one reads all their packs. A
    /// result of a job waits for as many.
    private static let recordedAtOnce = 128

    /// Records results and tells the observer of each.
    fileprivate func record(_ entries: [Entry]) async throws {
        if entries.count == 1 { return try await recordAndReport(entries[0]) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, entry) in entries.enumerated() {
                if number >= Self.recordedAtOnce { try await group.next() }
                group.addTask { try await recordAndReport(entry) }
            }
            try await group.waitForAll()
        }
    }

    private func recordAndReport(_ entry: Entry) async throws {
        try await record(entry)
        await observe(.recorded(entry.result))
    }
}

/// An ended assignment whose results are being recorded.
struct JobEnd: Sendable {
    /// The job's number.
    var number: Int
    /// The token of the assignment.
    var token: UInt64
    /// The worker that had it, if any.
    var worker: String?
    /// The version of the worker's claim on the job.
    var claim: UInt64?
    var ending: JobScheduler.Ending
    /// Whether results were recorded.
    var isRecorded = false
}
