package import Core
package import Documents
package import Worker

/// What a run tells whoever shows it.
package enum RunEvent: Sendable {
    /// The run knows what it has to do.
    case planned(cells: Int, jobs: Int, done: Int)
    case started(Digest, Job, target: String, attempt: Int)
    /// The job has come to its next step.
    case step(Digest, JobStep)
    case ended(Digest, Job, target: String, JobEnding)
    /// A cell has got its verdict.
    case recorded(CellResult)
    /// The infrastructure failed; the job will be run again.
    case retrying(Digest, Job, reason: String)
}

/// How a job ended, for a line on the screen.
package struct JobEnding: Sendable {
    package var outcome: Outcome
    package var phase: Phase?
    package var reason: String?
    /// Seconds of wall clock.
    package var duration: Double

    package init(outcome: Outcome, phase: Phase? = nil, reason: String? = nil, duration: Double) {
        self.outcome = outcome
        self.phase = phase
        self.reason = reason
        self.duration = duration
    }
}
