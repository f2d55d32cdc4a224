import Scheduler

/// The ephemeral values and the recorded results: what survives any process.
struct SimulatedValues {
    enum Revocation { case none, move, stop }

    /// `assignments/WORKER/JOB`.
    struct Assignment {
        var token: UInt64
        /// Ids of workers are never used again.
        var session: Int
        var isBegun = false
        var revocation = Revocation.none
    }

    /// `reports/JOB/ATTEMPT`.
    struct Report {
        var token: UInt64
        var ending: JobScheduler.Ending
    }

    /// `workers/ID`.
    struct Registration {
        var session: Int
        var mode: WorkerPool.Mode
    }

    var registrations: [Registration?]
    var assignments: [[Int: Assignment]]
    var reports: [Int: [Report]] = [:]
    /// The highest term of a dispatcher.
    var epoch: UInt32 = 0
    /// The results in history: successes, failures, and requested cancellations.
    var recorded: [JobScheduler.Ending?]
    var submitted: [Bool]
    var cancelledTasks: [Bool]

    init(workers: Int, jobs: Int, tasks: Int) {
        registrations = Array(repeating: nil, count: workers)
        assignments = Array(repeating: [:], count: workers)
        recorded = Array(repeating: nil, count: jobs)
        submitted = Array(repeating: false, count: tasks)
        cancelledTasks = submitted
    }

    mutating func removeReport(of job: Int, _ token: UInt64) {
        reports[job]?.removeAll { $0.token == token }
        if reports[job]?.isEmpty == true { reports[job] = nil }
    }
}
