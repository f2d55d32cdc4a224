internal import Core
internal import Foundation
package import Model
package import Records
package import Store

/// A task that was submitted, as commands show it.
package struct TaskSummary: Codable, Hashable, Sendable {
    /// The task's name: that of its branch without `requests/`.
    package var name: String
    package var state: TaskProgress.State
    /// When it came into the state: seconds since 1970.
    package var since: Int
    /// The deployment. Absent until it is planned.
    package var deployment: String?
    package var priority: Int
    /// When it was submitted: seconds since 1970.
    package var submitted: Int
    package var submitter: String
    /// Why it was rejected, has failed or was cancelled.
    package var reason: String?
    /// Its cells by their states, once it is complete.
    package var cells: [String: Int]?

    package init(_ task: SubmittedTask) {
        name = task.name
        state = task.progress.state
        since = task.progress.since
        deployment = task.progress.deployment
        priority = task.request.priority
        submitted = task.request.submitted
        submitter = task.request.submitter
        reason = task.progress.reason
        cells = task.progress.cells
    }

    /// Tasks that have ended of which the newest are shown.
    private static let shown = 5

    /// The tasks of a store that have not ended, in the order of their submission, after the newest of those that have.
    ///
    /// - Throws: `StoreError`.
    package static func all(in store: Store) throws -> [TaskSummary] {
        let all = try SubmittedTask.all(in: store).map { TaskSummary($0) }
        let ended = all.filter(\.state.isEnd).sorted { ($0.since, $0.name) < ($1.since, $1.name) }
        return ended.suffix(shown) + all.filter { !$0.state.isEnd }
    }

    /// As lines for a person.
    package static func lines(_ tasks: [TaskSummary]) -> [String] {
        guard !tasks.isEmpty else { return [] }
        var table = TextTable()
        for task in tasks {
            table.add([task.name.displayableOnOneLine, task.words, task.detail])
        }
        return ["tasks: \(tasks.count)"] + table.lines(indentedBy: 2)
    }

    /// The state as people read it.
    package var words: String { state == .dispatched ? "running" : state.rawValue }

    /// What else there is to say on one line.
    package var detail: String {
        if let reason { return String(reason.displayableOnOneLine.prefix(200)) }
        if let cells {
            return cells.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
        }
        return deployment.map { "deployment \($0)" } ?? "submitted by \(submitter.displayableOnOneLine)"
    }

    /// Cancels a task that has not ended; what its jobs have done by then is kept.
    ///
    /// - Throws: `Failure` of the category `input` where there is no such task or it has ended; `StoreError`.
    package static func cancel(_ name: String, in store: Store) throws {
        let names = try store.branches(prefix: SubmittedTask.prefix).map {
            String($0.name.dropFirst(SubmittedTask.prefix.count))
        }
        guard names.contains(name) else {
            throw Failure(
                .input, "there is no task '\(name)'",
                hint: nearest(to: name, in: names).map { "did you mean '\($0)'?" } ?? "'ci status' lists the tasks")
        }
        let progress = TaskProgress(
            .cancelled, since: Int(Date().timeIntervalSince1970),
            deployment: try SubmittedTask.named(name, in: store)?.progress.deployment,
            reason: "cancelled by 'ci cancel'")
        guard try SubmittedTask.record(progress, of: name, in: store) else {
            throw Failure(.input, "the task '\(name)' has ended already", hint: "'ci status' lists the tasks")
        }
    }
}
