internal import Core
internal import Foundation
internal import Model
internal import Records
internal import Store

extension AgentState {
    mutating func take(assignments state: [StorePath: EphemeralValue]) {
        var present: Set<Digest> = []
        for (path, value) in state {
            guard let job = DispatchValues.job(in: path) else { continue }
            present.insert(job)
            if held[job]?.version == value.version || held[job]?.next?.version == value.version { continue }
            guard let assignment = EphemeralDocument.decode(JobAssignment.self, from: value.bytes) else { continue }
            if let old = held[job], old.assignment.attempt != assignment.attempt { release(job) }
            if held[job] == nil {
                held[job] = AssignedJob(assignment: assignment, version: value.version)
            } else if held[job]?.assignment.attempt == assignment.attempt {
                held[job]?.assignment = assignment
                held[job]?.version = value.version
            } else {
                held[job]?.next = (assignment, value.version)
            }
            if let revocation = assignment.revocation { revoke(job, revocation) }
        }
        for job in Array(held.keys) where !present.contains(job) {
            held[job]?.next = nil
            release(job)
        }
    }

    /// Handles the removal of an assignment: stops the job without a report.
    mutating func release(_ job: Digest) {
        guard let entry = held[job] else { return }
        held[job]?.isWanted = false
        switch entry.stage {
        case .waiting: held[job] = nil
        case .running(let work): work.cancel()
        case .reported:
            forgetProgress(of: job)
            held[job] = nil
        }
    }

    mutating func revoke(_ job: Digest, _ revocation: JobAssignment.Revocation) {
        guard let entry = held[job], entry.isWanted else { return }
        switch entry.stage {
        case .waiting: giveBack(job, .revoked)
        case .running(let work): if revocation == .stop { work.cancel() }
        case .reported: break
        }
    }

    mutating func returnWaiting(_ reason: ExecutionReport.Return) {
        for (job, entry) in held where entry.isWaiting { giveBack(job, reason) }
    }

    /// Reports that the job was returned without a result.
    mutating func giveBack(_ job: Digest, _ reason: ExecutionReport.Return) {
        guard let entry = held[job] else { return }
        let report = ExecutionReport(
            attempt: entry.assignment.attempt, deployment: entry.assignment.deployment, worker: owner.id,
            returned: reason, outcome: .cancelled, duration: 0, finished: Date().timeIntervalSince1970)
        take(report, of: job)
    }
}
