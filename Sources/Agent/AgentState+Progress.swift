internal import Core
internal import Foundation
internal import Model
internal import Records
internal import Store

extension AgentState {
    /// Shows what the worker is at with a job, unless it lost the value to another worker.
    mutating func tell(of job: Digest, _ change: (inout JobProgress) -> Void) {
        guard var progress = held[job]?.progress, let version = held[job]?.progressVersion,
            let path = try? DispatchValues.progress(of: job)
        else { return }
        change(&progress)
        // A job goes on though nobody is told how.
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

    /// Shows that the worker lives, and does what could not be done before.
    mutating func beat() {
        let now = Int(Date().timeIntervalSince1970)
        for (job, entry) in held {
            if entry.isRunning {
                let output = environment.lastOutput(job)
                tell(of: job) { ($0.seen, $0.output) = (now, output ?? $0.output) }
            }
            if entry.unwritten != nil { writeReport(of: job) }
            // Its dispatcher is gone: whoever else wants the job may run it, until another one records the report.
            if entry.isReported, let at = entry.reportedAt, at.duration(to: .now) > Self.reportTimeout,
                let path = try? DispatchValues.dispatcher(of: entry.assignment.deployment),
                (try? values.values.value(at: path)) == .some(nil)
            {
                forgetProgress(of: job)
            }
        }
    }
}
