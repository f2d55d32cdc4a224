internal import Core
internal import Foundation
internal import Model
internal import Records
internal import RunnerInterface
internal import Store

extension AgentState {
    /// Publishes the progress of a job, unless another worker has taken over the value.
    mutating func tell(of job: Digest, _ change: (inout JobProgress) -> Void = { _ in }) {
        guard let entry = held[job], var progress = entry.progress, let version = entry.progressVersion,
            let path = try? DispatchValues.progress(of: job)
        else { return }
        if let step = entry.untold { (progress.step, progress.host) = (step.name, step.host) }
        change(&progress)
        // If publishing fails, the job continues nevertheless.
        guard let new = try? values.set(progress, at: path, owner: owner, expecting: .version(version)) else { return }
        held[job]?.note(progress, version: new)
    }

    /// Gives up the claim of a job, unless the dispatcher has removed it with the assignment.
    mutating func forgetProgress(of job: Digest) {
        guard let version = held[job]?.progressVersion, let path = try? DispatchValues.progress(of: job) else { return }
        if (try? values.values.value(at: path))??.version == version {
            _ = try? values.values.remove(path, expecting: .version(version))
        }
        held[job]?.progress = nil
        held[job]?.progressVersion = nil
    }

    /// Publishes a heartbeat for each running job, and retries what failed before.
    mutating func beat() {
        let now = Int(Date().timeIntervalSince1970)
        for (job, entry) in held {
            if entry.isRunning {
                let output = environment.lastOutput(job)
                tell(of: job) { ($0.seen, $0.output) = (now, output ?? $0.output) }
            }
            if entry.unwritten != nil { writeReports(of: [job]) }
            // The dispatcher is gone: let other dispatchers run the job, until the next one of this deployment records
            // the report.
            if entry.isReported, let at = entry.reportedAt, at.duration(to: .now) > Self.reportTimeout,
                let path = try? DispatchValues.dispatcher(of: entry.assignment.deployment),
                (try? values.values.value(at: path)) == .some(nil)
            {
                forgetProgress(of: job)
            }
        }
    }
}
