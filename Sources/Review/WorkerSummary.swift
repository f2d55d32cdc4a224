internal import Core
package import Model
internal import Records
package import Store

/// A registered worker of a store and its running jobs.
package struct WorkerSummary: Codable, Hashable, Sendable {
    /// The unique id of the worker in the store.
    package var id: String
    /// The name of the command: `ci worker`, `ci run`.
    package var name: String
    /// The name of the machine.
    package var host: String
    /// The mode.
    package var mode: WorkerRegistration.Mode
    /// The maximum number of jobs that it runs at once.
    package var slots: Int
    /// Globs of the targets whose jobs it runs; absent for all targets.
    package var targets: [String]?
    /// What targets may require of it; absent for nothing.
    package var labels: [String]?
    /// The deployment that it works for; absent for all deployments.
    package var deployment: String?
    /// The number of jobs assigned to it that have not started.
    package var waiting: Int
    /// The running jobs, longest first.
    package var running: [JobProgress]

    /// All workers of a store, sorted by id.
    ///
    /// - Throws: `StoreError`.
    package static func all(in store: Store) throws -> [WorkerSummary] {
        let values = DispatchValues(store.ephemeral)
        let progress = try values.all(JobProgress.self, below: DispatchValues.progress).values
        let assignments = try values.all(JobAssignment.self, below: DispatchValues.assignments).keys
        let registered = DispatchValues.registrations(in: try values.values.values(below: DispatchValues.workers))
        return registered.map { path, worker in
            let running = progress.filter { $0.worker == path.name }
                .sorted { ($0.began, $0.cell.description) < ($1.began, $1.cell.description) }
            let held = assignments.count { $0.components.count == 3 && $0.components[1] == path.name }
            return WorkerSummary(
                id: path.name, name: worker.name, host: worker.host, mode: worker.mode, slots: worker.slots,
                targets: worker.targets, labels: worker.labels, deployment: worker.deployment,
                waiting: max(0, held - running.count),
                running: running)
        }.sorted { $0.id < $1.id }
    }

    /// The workers whose id or name matches one of the globs.
    ///
    /// - Throws: `Failure` of the category `input` if a glob matches none; `StoreError`.
    package static func matching(_ globs: [String], in store: Store) throws -> [WorkerSummary] {
        let all = try all(in: store)
        for glob in globs where !all.contains(where: { $0.matches(glob) }) {
            throw Failure(.input, "no worker matches '\(glob)'", hint: "'ci status' lists the workers")
        }
        return all.filter { worker in globs.contains { worker.matches($0) } }
    }

    private func matches(_ glob: String) -> Bool {
        let glob = Glob(glob)
        return glob.matches(id) || glob.matches(name)
    }

    /// The workers as lines of text.
    package static func lines(_ workers: [WorkerSummary]) -> [String] {
        guard !workers.isEmpty else { return [] }
        var table = TextTable()
        for worker in workers {
            let labels = worker.labels.map { ", labels " + $0.joined(separator: " ").displayableOnOneLine } ?? ""
            let waiting = worker.waiting > 0 ? ", \(worker.waiting) waiting" : ""
            table.add([
                worker.id.displayableOnOneLine, worker.mode.rawValue,
                "\(worker.running.count) of \(count(worker.slots, "slot")) busy\(waiting)",
                (worker.targets.map { $0.joined(separator: " ").displayableOnOneLine } ?? "all targets") + labels,
            ])
        }
        return ["workers: \(workers.count)"] + table.lines(indentedBy: 2)
    }
}
