internal import Core
package import Model

/// How far a deployment is: its cells by state, for each target.
package struct DeploymentStatus: Codable, Sendable {
    /// The cells of one target.
    package struct Target: Codable, Sendable {
        /// The target's name.
        package var name: String
        /// How many cells the plan has for the target.
        package var cells: Int
        /// By the word of the state; states that no cell is in are left out.
        package var states: [String: Int]
        /// Required cells that are not good.
        package var notGood: Int
        /// Cells that the next run decides again because a retry was requested. Absent: none.
        package var retries: Int?
    }

    /// The deployment's name.
    package var deployment: String
    /// The repositories at the commits that were planned.
    package var repositories: [Plan.Repository]
    /// The targets that have cells, by name.
    package var targets: [Target]
    /// What runs now, longest first; nil where nobody looked.
    package var running: [JobProgress]?
    /// What is left to do; nil where nobody looked.
    package var queue: QueueStatus?
    /// The deployment's tasks; nil where nobody looked.
    package var tasks: [TaskSummary]?
    /// The workers that may run its jobs; nil where nobody looked.
    package var workers: [WorkerSummary]?

    init(plan: PlanHeader, targets: [Target], running: [JobProgress]? = nil) {
        deployment = plan.deployment
        repositories = plan.repositories
        self.running = running
        self.targets = targets
    }

    package init(plan: PlanHeader, states: [CellState], running: [JobProgress]? = nil) {
        let targets = Dictionary(grouping: states, by: \.cell.target).sorted { $0.key < $1.key }.map { name, states in
            Target(
                name: name, cells: states.count,
                states: Dictionary(grouping: states, by: \.state).mapValues(\.count),
                notGood: states.count(where: \.isRequiredAndNotGood),
                retries: states.contains { $0.retry == true } ? states.count { $0.retry == true } : nil)
        }
        self.init(plan: plan, targets: targets, running: running)
    }

    /// As lines for a person.
    package var lines: [String] {
        var table = TextTable()
        for target in targets {
            let counts = TargetTable.stateOrder.compactMap { state in
                target.states[state].map { "\($0) \(state)" }
            }
            let retries = target.retries.map { " (\($0) retry pending)" } ?? ""
            table.add([target.name, count(target.cells, "cell"), counts.joined(separator: ", ") + retries])
        }
        return [deployment] + repositories.map { "  \($0.location) at \($0.commit.prefix(12))" }
            + table.lines(indentedBy: 2) + (queue?.lines ?? []) + runningLines
    }

    private var runningLines: [String] {
        guard let running, !running.isEmpty else { return [] }
        var table = TextTable()
        for job in running {
            let step = job.kind == .test && job.step == "test" ? "running its tests" : job.step
            let work = job.kind == .test && job.step != "test" ? "for its tests: \(step)" : step
            table.add(["\(job.cell)", work, job.host.map { "on \($0)" } ?? "in a sandbox"])
        }
        return ["  running: \(running.count)"] + table.lines(indentedBy: 4)
    }
}
