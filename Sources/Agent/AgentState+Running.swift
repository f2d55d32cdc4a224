internal import Core
internal import Foundation
internal import Logging
internal import Model
internal import Records
internal import RunnerInterface
internal import Store

extension AgentState {
    /// Starts waiting jobs while slots are free, ordered by descending priority, then by age.
    mutating func startJobs() async {
        guard registration.mode == .ready, held.values.contains(where: \.isWaiting) else { return }
        var free = registration.slots - held.values.count { $0.isRunning && $0.assignment.lane == nil }
        let waiting = held.filter { $0.value.isWaiting }.sorted { left, right in
            let (one, other) = (left.value.assignment, right.value.assignment)
            return (other.priority, one.attempt) < (one.priority, other.attempt)
        }
        for (job, entry) in waiting where entry.assignment.lane != nil || free > 0 {
            if entry.assignment.lane == nil { free -= 1 }
            await start(job)
        }
    }

    mutating func start(_ job: Digest) async {
        guard let assignment = held[job]?.assignment else { return }
        let now = Int(Date().timeIntervalSince1970)
        let progress = JobProgress(
            cell: assignment.cell, kind: assignment.kind, job: job.hex, deployment: assignment.deployment,
            worker: owner.id, attempt: assignment.attempt, step: "start", began: now)
        do {
            let path = try DispatchValues.progress(of: job)
            guard let version = try values.set(progress, at: path, owner: owner, expecting: .absent) else {
                giveBack(job, .busy)
                return
            }
            held[job]?.progress = progress
            held[job]?.progressVersion = version
        } catch {
            logger.debug("cannot start a job", metadata: ["job": "\(job)", "error": "\(error)"])
            giveBack(job, .leaving)
            return
        }
        await observe(.began(job, assignment))
        let work = run(job, assignment)
        held[job]?.stage = .running(work)
    }

    func run(_ job: Digest, _ assignment: JobAssignment) -> Task<Void, Never> {
        let (runner, loader, inputs) = (environment.runner, loader, inputs)
        return Task {
            var report = JobReport(outcome: .infrastructure, duration: 0)
            var base: Digest?
            do {
                let (request, over) = try loader.load(assignment.request)
                base = over
                report = await runner.runConfirming(request) {
                    inputs.yield(.step(job, attempt: assignment.attempt, $0))
                }
            } catch {
                report.reason = "\(Failure(describing: error))"
            }
            inputs.yield(.ended(job, attempt: assignment.attempt, report, base: base))
        }
    }

    mutating func note(_ step: JobStep, of job: Digest, _ attempt: UInt64) async {
        guard let entry = held[job], entry.isRunning, entry.assignment.attempt == attempt else { return }
        await observe(.step(job, step))
        tell(of: job) { ($0.step, $0.host) = (step.name, step.host) }
    }

    mutating func end(_ job: Digest, _ attempt: UInt64, _ report: JobReport, _ base: Digest?) async {
        guard let entry = held[job], entry.isRunning, entry.assignment.attempt == attempt else { return }
        await observe(.ended(job, entry.assignment, report))
        guard entry.isWanted else {
            forgetProgress(of: job)
            held[job] = entry.next.map { Held(assignment: $0.assignment, version: $0.version) }
            // A dispatcher that took the worker for lost sees that it lives.
            register()
            return
        }
        if isStopping, report.outcome == .cancelled {
            giveBack(job, .leaving)
            return
        }
        let finished = Date().timeIntervalSince1970
        let failure = write(
            ExecutionReport(report, of: entry.assignment, worker: owner.id, base: base, finished: finished), of: job)
        if let failure { await observe(.delayed(entry.assignment, failure)) }
    }

    /// - Returns: Why the report is not written yet.
    @discardableResult
    mutating func write(_ report: ExecutionReport, of job: Digest) -> (any Error)? {
        held[job]?.stage = .reported
        held[job]?.reportedAt = .now
        do {
            let blobs = environment.blobs
            let document = try report.document { try blobs.put($0, durably: true) }
            held[job]?.unwritten = document
        } catch {
            var short = report
            (short.overwrites, short.details) = (nil, nil)
            held[job]?.unwritten = try? EphemeralDocument.encode(short)
        }
        return writeReport(of: job)
    }

    /// Writes a job's report. If that fails, for example because the disk is full, each heartbeat retries it.
    ///
    /// - Returns: Why it failed.
    @discardableResult
    mutating func writeReport(of job: Digest) -> (any Error)? {
        guard let entry = held[job], let document = entry.unwritten else { return nil }
        do {
            let path = try DispatchValues.report(of: job, attempt: entry.assignment.attempt)
            _ = try values.values.set(document, at: path, owner: nil, lifetime: nil, expecting: .anything)
            held[job]?.unwritten = nil
            return nil
        } catch {
            logger.debug("cannot write a report", metadata: ["job": "\(job)", "error": "\(error)"])
            return error
        }
    }
}
