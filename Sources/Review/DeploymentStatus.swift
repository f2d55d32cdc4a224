internal import Core
package import Model

/// The progress of a deployment: its cells by state for each target.
package struct DeploymentStatus: Codable, Sendable {
    /// The cells of one target.
    package struct Target: Codable, Sendable {
        /// The target's name.
        package var name: String
        /// The number of planned cells of the target.
        package var cells = 0
        /// The number of cells in each state, without zeros.
        package var states: [String: Int] = [:]
        /// The number of required cells that are not good.
        package var notGood = 0
        /// The number of those without a verdict: pending, cancelled, failed by the infrastructure or blocked by such a
        /// failure. Absent if zero.
        package var undecided: Int?
        /// The number of blocked cells that an infrastructure failure blocks. Absent if zero.
        package var blockedByInfrastructure: Int?
        /// The number of cells with a requested retry. Absent if zero.
        package var retries: Int?

        /// Counts a cell.
        mutating func add(_ state: String, isRequiredAndNotGood: Bool, isVerdict: Bool, isRetried: Bool) {
            cells += 1
            states[state, default: 0] += 1
            if isRequiredAndNotGood { notGood += 1 }
            if isRequiredAndNotGood, !isVerdict { undecided = (undecided ?? 0) + 1 }
            if state == Outcome.blocked.rawValue, !isVerdict {
                blockedByInfrastructure = (blockedByInfrastructure ?? 0) + 1
            }
            if isRetried { retries = (retries ?? 0) + 1 }
        }
    }

    /// The deployment's name.
    package var deployment: String
    /// The repositories with the planned commits.
    package var repositories: [Plan.Repository]
    /// The targets that have cells, sorted by name.
    package var targets: [Target]
    /// The running jobs, longest first; nil if not requested.
    package var running: [JobProgress]?
    /// The remaining work; nil if not requested.
    package var queue: QueueStatus?
    /// The deployment's tasks; nil if not requested.
    package var tasks: [TaskSummary]?
    /// The workers that can run its jobs; nil if not requested.
    package var workers: [WorkerSummary]?

    init(plan: PlanHeader, targets: [Target], running: [JobProgress]? = nil) {
        deployment = plan.deployment
        repositories = plan.repositories
        self.running = running
        self.targets = targets
    }

    /// Counts the states of the cells of a plan.
    package init(plan: PlanHeader, states: [CellState], running: [JobProgress]? = nil) {
        let targets = Dictionary(grouping: states, by: \.cell.target).sorted { $0.key < $1.key }.map { name, states in
            states.reduce(into: Target(name: name)) { target, state in
                target.add(
                    state.state, isRequiredAndNotGood: state.isRequiredAndNotGood, isVerdict: state.isVerdict,
                    isRetried: state.retry == true)
            }
        }
        self.init(plan: plan, targets: targets, running: running)
    }

    /// The status as lines of text.
    package var lines: [String] {
        var table = TextTable()
        for target in targets {
            let counts = TargetTable.words(of: target.states, undecided: target.blockedByInfrastructure)
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
