internal import Core
internal import Foundation
internal import Logging
internal import Model
internal import Records
internal import RunnerInterface
internal import Store

extension AgentState {
    /// Publishes the progress of a job, unless another worker has taken over the value.
    mutating func publishProgress(of job: Digest) {
        guard let progress = newProgress(of: job) else { return }
        // If publishing fails, the job continues nevertheless.
        _ = try? publish([job: progress])
    }

    /// The progress of a job with its current step; nil if the worker does not hold its claim.
    private func newProgress(of job: Digest) -> JobProgress? {
        guard let entry = held[job], var progress = entry.progress else { return nil }
        if let step = entry.unpublishedStep { (progress.step, progress.host) = (step.name, step.host) }
        return progress
    }

    /// Publishes the progress of some jobs in one step.
    ///
    /// - Returns: Whether it was published: false if another worker has taken over one of the values.
    /// - Throws: Any error of the ephemeral values.
    private mutating func publish(_ progress: [Digest: JobProgress]) throws -> Bool {
        var changes: [StorePath: EphemeralChange] = [:]
        var published: [Digest: JobProgress] = [:]
        for (job, progress) in progress {
            guard let version = held[job]?.progressVersion, let path = try? DispatchValues.progress(of: job),
                let document = try? EphemeralDocument.encode(progress)
            else { continue }
            changes[path] = .set(document, owner: owner, expecting: .version(version))
            published[job] = progress
        }
        guard !changes.isEmpty else { return true }
        guard let version = try values.values.change(changes) else { return false }
        for (job, progress) in published { held[job]?.note(progress, version: version) }
        return true
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

    /// Publishes a heartbeat for each running job, and retries what failed before. Stops at the first error: each
    /// request to a service that does not answer takes seconds, in which the worker does nothing else.
    mutating func beat() {
        do {
            try publishHeartbeats()
            try retryReports()
            try releaseUnrecorded()
        } catch {
            logger.debug("a heartbeat failed", metadata: ["error": "\(error)"])
        }
    }

    private mutating func publishHeartbeats() throws {
        let now = Int(Date().timeIntervalSince1970)
        let running = held.filter { $0.value.isRunning }.keys.sorted()
        for jobs in running.chunks(ofCount: Self.claimLimit) {
            var beats: [Digest: JobProgress] = [:]
            for job in jobs {
                guard var progress = newProgress(of: job) else { continue }
                (progress.seen, progress.output) = (now, environment.lastOutput(job) ?? progress.output)
                beats[job] = progress
            }
            if try publish(beats) { continue }
            for (job, progress) in beats { _ = try publish([job: progress]) }
        }
    }

    /// Writes the reports that could not be written before, several in one step.
    private mutating func retryReports() throws {
        let jobs = held.filter { $0.value.unwritten != nil }.keys.sorted()
        for part in jobs.chunks(ofCount: Self.reportLimit) { try writeReports(of: Array(part)) }
    }

    /// Gives up the claims of reported jobs if the dispatcher is gone, so that other dispatchers run them until the
    /// next one of this deployment records the reports.
    private mutating func releaseUnrecorded() throws {
        for (job, entry) in held where entry.isReported {
            guard let at = entry.reportedAt, at.duration(to: .now) > Self.reportTimeout else { continue }
            let path = try DispatchValues.dispatcher(of: entry.assignment.deployment)
            if try values.values.value(at: path) == nil { forgetProgress(of: job) }
        }
    }
}
