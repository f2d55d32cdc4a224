package import Core
package import Hub
package import Model
package import RunnerInterface

/// An event of a run, for display.
package enum RunEvent: Sendable {
    /// The beginning of the run is recorded under this number.
    case begun(run: Int)
    /// The worklist is known. Repeated if changed layers require further jobs.
    case planned(cells: Int, jobs: Int, done: Int)
    /// Known failures block selected cells: the number for each, in descending order.
    case knownFailures([(package: PackageVersion, cells: Int)])
    case started(Digest, Job, target: String, attempt: Int)
    /// Another run executes the job; this one waits for its result.
    case waiting(Digest, Job, target: String)
    /// The job has reached its next step.
    case step(Digest, JobStep)
    case ended(Digest, Job, target: String, JobEnding)
    /// The job was not executed: another run recorded its result, or the recorded one is still valid.
    case adopted(Digest, Job, target: String, JobEnding)
    /// Jobs cannot run because one that they depend on did not succeed.
    case blocked(jobs: Int, by: Job)
    /// Jobs will not run because their cells were cancelled or the run is interrupted.
    case dropped(jobs: Int)
    /// The result of a cell was recorded.
    case recorded(CellResult)
    /// The job had an infrastructure failure, or its worker was lost or stopped, and will be retried.
    case retrying(Digest, Job, reason: String)
    /// All results are recorded, and the store is being packed.
    case packing
    /// Another process runs the deployment; this one works for it or waits.
    case following(DispatcherLease, isWorking: Bool)
    /// The other process has ended; this one runs the deployment.
    case leading
    /// This process's worker has run a job for another process.
    case worked(Cell, JobEnding)
    /// A worker in another process is available.
    case workerJoined(String)
    /// A worker in another process has registered that gets none of the run's jobs.
    case workerUnsuited(String, WorkerRegistration.Obstacle)
    /// A worker has ended, or has sent no heartbeats for too long.
    case workerLost(String)
    /// A worker has sent no heartbeats for some time and gets no jobs.
    case workerStalled(String)
    /// No worker has all labels that a target requires, so its jobs wait.
    case labelsMissing(target: String, [String])
    /// No worker takes jobs of a target, so its jobs wait; the numbers of registered workers for each reason.
    case workersMissing(target: String, [WorkerRegistration.Obstacle: Int])
    /// An event of the pushes to the hub.
    case hub(HubPusher.Event)
}

/// How a job ended, for display.
package struct JobEnding: Sendable {
    /// How the job ended.
    package var outcome: Outcome
    /// The phase that failed, if any.
    package var phase: Phase?
    /// The error line, if it failed.
    package var reason: String?
    /// The duration in seconds.
    package var duration: Double
    /// Whether it was stopped because the run was interrupted, so that it will run again.
    package var isInterrupted = false

    package init(outcome: Outcome, phase: Phase? = nil, reason: String? = nil, duration: Double) {
        self.outcome = outcome
        self.phase = phase
        self.reason = reason
        self.duration = duration
    }
}
