package import Core
package import Hub
package import Model
package import RunnerInterface

/// What a run tells whoever shows it.
package enum RunEvent: Sendable {
    /// The run knows what it has to do. Comes again where what was done changed what other jobs are built over.
    case planned(cells: Int, jobs: Int, done: Int)
    /// Known failures block wanted cells: how many each, those that block most first.
    case knownFailures([(package: PackageVersion, cells: Int)])
    case started(Digest, Job, target: String, attempt: Int)
    /// Another run is at work on the job; this one waits for its verdict.
    case waiting(Digest, Job, target: String)
    /// The job has come to its next step.
    case step(Digest, JobStep)
    case ended(Digest, Job, target: String, JobEnding)
    /// The job was not run: another run recorded the result, or the recorded one still holds.
    case adopted(Digest, Job, target: String, JobEnding)
    /// So many jobs cannot run for one that did not succeed.
    case blocked(jobs: Int, by: Job)
    /// So many jobs will not run, for the cells that need them were cancelled or the run is interrupted.
    case dropped(jobs: Int)
    /// A cell has got its verdict.
    case recorded(CellResult)
    /// The infrastructure failed; the job will be run again.
    case retrying(Digest, Job, reason: String)
    /// All is recorded; the store is being packed.
    case packing
    /// Another process runs the deployment; this one works for it, or waits.
    case following(DispatcherLease, isWorking: Bool)
    /// The other process has ended; this one runs the deployment.
    case leading
    /// The worker of this process has run a job for another one.
    case worked(Cell, JobEnding)
    /// A worker in another process takes jobs.
    case workerJoined(String)
    /// A worker is gone, or has not been heard of for too long.
    case workerLost(String)
    /// A worker shows no sign of life and gets no jobs.
    case workerStalled(String)
    /// No worker has all labels that a target requires: its jobs wait for one.
    case labelsMissing(target: String, [String])
    /// Something happened on the way to the hub.
    case hub(HubPusher.Event)
}

/// How a job ended, for a line on the screen.
package struct JobEnding: Sendable {
    /// How the job ended.
    package var outcome: Outcome
    /// The phase that failed; nil where none did.
    package var phase: Phase?
    /// The error line; nil where nothing failed.
    package var reason: String?
    /// Seconds of wall clock.
    package var duration: Double
    /// Whether it was stopped because the whole run is interrupted: it will be run again.
    package var isInterrupted = false

    package init(outcome: Outcome, phase: Phase? = nil, reason: String? = nil, duration: Double) {
        self.outcome = outcome
        self.phase = phase
        self.reason = reason
        self.duration = duration
    }
}
