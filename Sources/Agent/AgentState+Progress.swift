internal import Core
internal import Foundation
internal import Model
internal import Records
internal import Store

extension AgentState {
    /// Publishes the progress of a job, unless another worker has taken over the value.
    mutating func tell(of job: Digest, _ change: (inout JobProgress) -> Void) {
        guard var progress = held[job]?.progress, let version = held[job]?.progressVersion,
            let path = try? DispatchValues.progress(of: job)
        else { return }
        change(&progress)
        // If publishing fails, the job continues nevertheless.
        guard let new = try? values.set(progress, at: path, owner: owner, expecting: .version(version)) else { return }
        held[job]?.progress = progress
        held[job]?.progressVersion = new
    }

    mutating func forgetProgress(of job: Digest) {
        guard let version = held[job]?.progressVersion, let path = try? DispatchValues.progress(of: job) else { return }
        _ = try? values.values.remove(path, expecting: .version(version))
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
            if entry.unwritten != nil { writeReport(of: job) }
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
