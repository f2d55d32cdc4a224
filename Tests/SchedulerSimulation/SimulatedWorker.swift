/// A worker process: it executes its assignments, and writes reports.
struct SimulatedWorker {
    /// Changes when the process starts, and when it registers again.
    var session = 0
    var isUp = false
    /// Stopped, as by SIGSTOP: its lease is still renewed.
    var isHung = false
    /// Disconnected: its lease has ended, and its jobs continue.
    var isPartitioned = false
    var slots: Int
    /// How long its jobs take, compared with others.
    var slowness: Double
    var running: [Int: UInt64] = [:]
    var waiting: [(job: Int, token: UInt64)] = []
    /// Reports that could not be written.
    var unwritten: [(job: Int, report: SimulatedValues.Report)] = []

    var isReachable: Bool { isUp && !isHung && !isPartitioned }

    func has(_ job: Int, _ token: UInt64) -> Bool {
        running[job] == token || waiting.contains { $0.job == job && $0.token == token }
    }

    mutating func abandonAll() {
        running.removeAll()
        waiting.removeAll()
    }
}
