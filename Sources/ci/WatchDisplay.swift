internal import Core
internal import Foundation
internal import Model
internal import Review

/// Shows the activity in a store: a line for each result, each worker that registers or leaves, and each task; on a
/// terminal also, below them, the running jobs of each worker and the remaining work.
actor WatchDisplay {
    private let live = Terminal.stderrIsTerminal && !Terminal.hasTrace
    /// Reads the status of the queue.
    private let queue: @Sendable () -> QueueStatus?
    private var workers: [String: WorkerSummary]?
    private var tasks: [String: TaskSummary]?
    private var linesDrawn = 0
    /// The last status of the queue; nil if it has changed since.
    private var known: QueueStatus??

    init(queue: @escaping @Sendable () -> QueueStatus?) {
        self.queue = queue
    }

    /// Prints a line on standard output.
    func printLine(_ line: String) {
        known = nil
        clear()
        StandardOutput.print(line)
        StandardOutput.flush()
    }

    /// Updates the display with a change.
    func take(_ event: ActivityFeed.Event) {
        switch event {
        case .workers(let now):
            known = nil
            take(Dictionary(uniqueKeysWithValues: now.map { ($0.id, $0) }))
        case .tasks(let now): take(Dictionary(uniqueKeysWithValues: now.map { ($0.name, $0) }))
        }
    }

    /// Redraws the lower part, if there is one.
    func draw() {
        guard live else { return }
        let now = Int(Date().timeIntervalSince1970)
        var lines = (workers ?? [:]).values.sorted { $0.id < $1.id }.flatMap { describe($0, at: now) }
        let left = known ?? queue()
        known = .some(left)
        lines += left?.lines ?? []
        clear()
        let width = max(20, Terminal.columns - 1)
        guard !lines.isEmpty else { return }
        StandardError.write(lines.map { String($0.displayableOnOneLine.prefix(width)) + "\n" }.joined())
        linesDrawn = lines.count
    }

    /// Removes the lower part.
    func clear() {
        guard linesDrawn > 0 else { return }
        StandardError.write(control: "\u{1B}[\(linesDrawn)A\u{1B}[J")
        linesDrawn = 0
    }

    private func describe(_ worker: WorkerSummary, at now: Int) -> [String] {
        let waiting = worker.waiting > 0 ? ", \(worker.waiting) waiting" : ""
        let head =
            "  \(worker.id): \(worker.mode.rawValue), \(worker.running.count) of \(count(worker.slots, "slot")) busy\(waiting)"
        return [head]
            + worker.running.map { job in
                let spent = durationText(max(0, now - job.began))
                return "    \(spent.padded(to: 8)) \(job.kind == .test ? "tests of " : "")\(job.cell): \(job.step)"
            }
    }

    private func take(_ now: [String: WorkerSummary]) {
        defer { workers = now }
        guard let before = workers else { return }
        for (id, worker) in now.sorted(by: { $0.key < $1.key }) where before[id]?.mode != worker.mode {
            printLine(
                "worker \(id): " + (before[id] == nil ? "joins, \(count(worker.slots, "slot"))" : worker.mode.rawValue))
        }
        for id in before.keys.sorted() where now[id] == nil { printLine("worker \(id): gone") }
    }

    private func take(_ now: [String: TaskSummary]) {
        defer { tasks = now }
        guard let before = tasks else { return }
        for (name, task) in now.sorted(by: { $0.key < $1.key }) where before[name]?.state != task.state {
            printLine("task \(name): \(task.words), \(task.detail)")
        }
    }
}
