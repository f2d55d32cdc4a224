internal import Core

/// What a deployment has still to do.
package struct QueueStatus: Codable, Hashable, Sendable {
    /// Cells without a result.
    package var pendingCells: Int
    /// Jobs that decide those cells and do not run yet, builds and tests.
    package var waitingJobs: Int
    /// Jobs that run.
    package var runningJobs: Int
    /// Slots of the workers that take jobs.
    package var slots: Int
    /// Expected seconds until all is done, by the durations of earlier builds. Absent where no worker takes jobs.
    package var remainingSeconds: Int?

    /// For a package that was never built.
    static let usualSeconds = 5.0

    /// - Parameter jobs: the expected seconds of each job that decides a pending cell.
    init(pendingCells: Int, jobs: [Double], running: Int, slots: Int) {
        self.pendingCells = pendingCells
        waitingJobs = max(0, jobs.count - running)
        runningJobs = running
        self.slots = slots
        guard slots > 0, !jobs.isEmpty else { return }
        remainingSeconds = Int(max(jobs.reduce(0, +) / Double(slots), jobs.max() ?? 0).rounded(.up))
    }

    /// As lines for a person; none where nothing is left.
    package var lines: [String] {
        guard waitingJobs + runningJobs > 0 else { return [] }
        var line = "  left: \(count(waitingJobs + runningJobs, "job")), \(runningJobs) running"
        if let remainingSeconds { line += ", about \(Self.text(ofSeconds: remainingSeconds))" }
        return [line]
    }

    private static func text(ofSeconds seconds: Int) -> String {
        switch seconds {
        case ..<120: "\(seconds) s"
        case ..<7200: "\(seconds / 60) min"
        default: "\(seconds / 3600) h \(seconds / 60 % 60) min"
        }
    }
}
