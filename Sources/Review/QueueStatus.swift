internal import Core

/// The remaining work of a deployment.
package struct QueueStatus: Codable, Hashable, Sendable {
    /// The number of cells without a result.
    package var pendingCells: Int
    /// The number of waiting jobs that decide those cells, builds and tests.
    package var waitingJobs: Int
    /// The number of running jobs.
    package var runningJobs: Int
    /// The number of slots of available workers.
    package var slots: Int
    /// The expected remaining time in seconds, from the durations of earlier builds. Absent if no worker is available.
    package var remainingSeconds: Int?

    /// The expected duration in seconds for a package that was never built.
    static let usualSeconds = 5.0

    /// - Parameter jobs: The expected duration in seconds of each job that decides a pending cell.
    init(pendingCells: Int, jobs: [Double], running: Int, slots: Int) {
        self.pendingCells = pendingCells
        waitingJobs = max(0, jobs.count - running)
        runningJobs = running
        self.slots = slots
        guard slots > 0, !jobs.isEmpty else { return }
        remainingSeconds = Int(max(jobs.reduce(0, +) / Double(slots), jobs.max() ?? 0).rounded(.up))
    }

    /// The status as lines of text; empty if no work remains.
    package var lines: [String] {
        guard waitingJobs + runningJobs > 0 else { return [] }
        var line = "  left: \(count(waitingJobs + runningJobs, "job")), \(runningJobs) running"
        if let remainingTime { line += ", about \(remainingTime)" }
        if slots == 0 { line += ", no worker takes jobs" }
        return [line]
    }

    /// The estimate for people: `42 s`, `3 min`, `2 h 5 min`; nil if there is none.
    package var remainingTime: String? {
        remainingSeconds.map { seconds in
            switch seconds {
            case ..<120: "\(seconds) s"
            case ..<7200: "\(seconds / 60) min"
            default: "\(seconds / 3600) h \(seconds / 60 % 60) min"
            }
        }
    }
}
