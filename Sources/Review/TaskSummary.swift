internal import Core
internal import Foundation
package import Model
package import Records
package import Store

/// A submitted task, for display.
package struct TaskSummary: Codable, Hashable, Sendable {
    /// The task's name: that of its branch without `requests/`.
    package var name: String
    /// The state.
    package var state: TaskProgress.State
    /// The time of its last change of state, in seconds since 1970.
    package var since: Int
    /// The deployment; absent until the task is planned.
    package var deployment: String?
    /// The priority; tasks of greater priority are planned first.
    package var priority: Int
    /// The time of its submission, in seconds since 1970.
    package var submitted: Int
    /// The user and machine that submitted the task.
    package var submitter: String
    /// Why it was rejected, has failed or was cancelled.
    package var reason: String?
    /// The number of its cells in each state, once it is complete.
    package var cells: [String: Int]?
    /// What a process does with it now; absent if none handles it.
    package var activity: Activity?

    /// What a process does with an unfinished task.
    package enum Activity: String, Codable, Sendable {
        /// It plans the task, or the task waits for others of the process.
        case claimed
        /// It runs the jobs of the task.
        case running
    }

    /// The summary of a submitted task.
    ///
    /// - Parameter claim: The value with which a process claims the task; nil if none does.
    package init(_ task: SubmittedTask, claim: [UInt8]? = nil) {
        activity = task.progress.state.isEnd ? nil : claim.map { $0 == SubmittedTask.running ? .running : .claimed }
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

    /// The maximum number of ended tasks shown.
    private static let shown = 5

    /// The newest ended tasks of a store, followed by the unfinished ones in the order of their submission.
    ///
    /// - Throws: `StoreError`.
    package static func all(in store: Store) throws -> [TaskSummary] {
        let claims = try store.ephemeral.values(below: SubmittedTask.claims)
        let all = try SubmittedTask.all(in: store).map { task in
            TaskSummary(task, claim: claims[try SubmittedTask.claim(of: task.name)]?.bytes)
        }
        let ended = all.filter(\.state.isEnd).sorted { ($0.since, $0.name) < ($1.since, $1.name) }
        return ended.suffix(shown) + all.filter { !$0.state.isEnd }
    }

    /// The tasks as lines of text.
    package static func lines(_ tasks: [TaskSummary]) -> [String] {
        guard !tasks.isEmpty else { return [] }
        var table = TextTable()
        for task in tasks {
            table.add([task.name.displayableOnOneLine, task.words, task.detail])
        }
        return ["tasks: \(tasks.count)"] + table.lines(indentedBy: 2)
    }

    /// The state in words. A task that was planned may wait for others, or its process may have ended.
    package var words: String {
        switch state {
        case .dispatched: activity == .running ? "running" : "planned"
        case .planning where activity == nil: TaskProgress.State.submitted.rawValue
        default: state.rawValue
        }
    }

    /// Further details on one line.
    package var detail: String {
        if let reason = reason?.split(whereSeparator: \.isNewline).first {
            return String(String(reason).displayableOnOneLine.prefix(200))
        }
        if let cells {
            return cells.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
        }
        let origin = deployment.map { "deployment \($0)" } ?? "submitted by \(submitter.displayableOnOneLine)"
        return state.isEnd || activity != nil ? origin : "\(origin); no 'ci run' handles it now"
    }

    /// Cancels a task that has not ended. Results of its jobs are kept.
    ///
    /// - Throws: `Failure` of the category `input` if there is no such task or it has ended; `StoreError`.
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
