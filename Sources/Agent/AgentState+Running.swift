internal import Core
internal import Foundation
internal import Logging
internal import Model
internal import Records
internal import RunnerInterface
internal import Store
internal import System

extension AgentState {
    /// Starts waiting jobs while slots are free, ordered by descending priority, then by age.
    mutating func startJobs() async {
        guard registration.mode == .ready, held.values.contains(where: \.isWaiting) else { return }
        guard await checkShortage() else { return }
        var free = registration.slots - held.values.count { $0.isRunning && $0.assignment.lane == nil }
        let waiting = held.filter { $0.value.isWaiting }.sorted { left, right in
            let (one, other) = (left.value.assignment, right.value.assignment)
            return (other.priority, one.attempt) < (one.priority, other.attempt)
        }
        var chosen: [Digest] = []
        for (job, entry) in waiting where entry.assignment.lane != nil || free > 0 {
            if entry.assignment.lane == nil { free -= 1 }
            chosen.append(job)
        }
        for jobs in chosen.chunks(ofCount: Self.claimLimit) { await begin(claim(jobs)) }
    }

    /// Claims some jobs, in one step if all are free. Jobs that cannot be claimed are returned.
    ///
    /// - Returns: those that are claimed.
    private mutating func claim(_ jobs: ArraySlice<Digest>) -> [Digest] {
        do {
            var claims: [StorePath: EphemeralChange] = [:]
            var claimed: [Digest: JobProgress] = [:]
            for job in jobs {
                guard let assignment = held[job]?.assignment else { continue }
                let progress = JobProgress(
                    cell: assignment.cell, kind: assignment.kind, job: job.hex, deployment: assignment.deployment,
                    worker: owner.id, attempt: assignment.attempt, step: "start",
                    began: Int(Date().timeIntervalSince1970))
                claimed[job] = progress
                claims[try DispatchValues.progress(of: job)] = .set(
                    try EphemeralDocument.encode(progress), owner: owner, expecting: .unclaimed)
            }
            if let version = try values.values.change(claims) {
                for (job, progress) in claimed { held[job]?.note(progress, version: version) }
                return Array(jobs)
            }
        } catch {
            logger.debug("cannot start jobs", metadata: ["jobs": "\(jobs.count)", "error": "\(error)"])
            for job in jobs { giveBack(job, .leaving) }
            return []
        }
        if jobs.count > 1 { return jobs.flatMap { claim([$0]) } }
        for job in jobs { giveBack(job, .busy) }
        return []
    }

    private mutating func begin(_ jobs: [Digest]) async {
        for job in jobs {
            guard let assignment = held[job]?.assignment else { continue }
            await observe(.began(job, assignment))
            let work = run(job, assignment)
            held[job]?.stage = .running(work)
        }
    }

    func run(_ job: Digest, _ assignment: JobAssignment) -> Task<Void, Never> {
        let (runner, loader, inputs, executions) = (environment.runner, loader, inputs, executions)
        let isRemote = values.values.isRemote
        return Task {
            let report: JobReport
            var base: Digest?
            do {
                let (request, over) =
                    isRemote
                    ? try await BlockingWork.run { try loader.load(assignment) }
                    : try loader.load(assignment)
                base = over
                report = await runner.runConfirming(request) {
                    inputs.yield(.step(job, attempt: assignment.attempt, $0))
                }
            } catch {
                report = JobReport(infrastructure: Failure(describing: error))
            }
            let execution = EndedExecution(job: job, attempt: assignment.attempt, report: report, base: base)
            if executions.add(execution) { inputs.yield(.ended) }
        }
    }

    mutating func note(_ step: JobStep, of job: Digest, _ attempt: UInt64) async {
        guard let entry = held[job], entry.isRunning, entry.assignment.attempt == attempt else { return }
        await observe(.step(job, step))
        held[job]?.unpublishedStep = step
        // Of a job that ends soon, only the end is published.
        let due = (entry.publishedAt ?? .now) + Self.publishingInterval
        if due <= .now { return publishProgress(of: job) }
        guard entry.unpublishedStep == nil else { return }
        let inputs = inputs
        Task {
            try? await Task.sleep(until: due, clock: .continuous)
            inputs.yield(.progressDue(job, attempt: attempt))
        }
    }

    /// Publishes the current step of a job, if it is still running.
    mutating func publishProgress(of job: Digest, _ attempt: UInt64) {
        guard let entry = held[job], entry.isRunning, entry.unpublishedStep != nil, entry.assignment.attempt == attempt
        else {
            return
        }
        publishProgress(of: job)
    }

    /// Handles the end of an execution.
    mutating func end(_ execution: EndedExecution) async {
        let (job, report) = (execution.job, execution.report)
        guard let entry = held[job], entry.isRunning, entry.assignment.attempt == execution.attempt else { return }
        await observe(.ended(job, entry.assignment, report))
        guard entry.isWanted else {
            forgetProgress(of: job)
            held[job] = entry.next.map { AssignedJob(assignment: $0.assignment, version: $0.version) }
            // A dispatcher that considered the worker lost learns that it is alive.
            register()
            return
        }
        if isStopping, report.outcome == .cancelled {
            giveBack(job, .leaving)
            return
        }
        let finished = Date().timeIntervalSince1970
        take(
            ExecutionReport(report, of: entry.assignment, worker: owner.id, base: execution.base, finished: finished),
            of: job)
    }
}

/// The end of a job's execution.
struct EndedExecution: Sendable {
    var job: Digest
    var attempt: UInt64
    var report: JobReport
    /// The digest that identifies the layers of the job's inputs.
    var base: Digest?
}
