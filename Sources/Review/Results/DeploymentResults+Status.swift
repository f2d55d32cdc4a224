internal import Core
package import Model
internal import Records
package import Store

extension DeploymentResults {
    /// The progress of the deployment and its running jobs.
    ///
    /// - Parameters:
    ///   - workers: The workers of the store.
    ///   - tasks: The tasks of the store.
    package func status(workers: [WorkerSummary] = [], tasks: [TaskSummary] = []) throws -> DeploymentStatus {
        let contents = index.contents
        var targets: [InternedTexts.ID: DeploymentStatus.Target] = [:]
        for position in index.plannedPositions {
            let cell = contents.cells[position]
            var target =
                targets[cell.target]
                ?? DeploymentStatus.Target(name: contents.texts[cell.target])
            target.add(
                cell.state, isRequiredAndNotGood: contents.isRequiredAndNotGood(at: position),
                isVerdict: contents.isVerdict(at: position),
                isRetried: try !retries.isEmpty && isRetried(at: position))
            targets[cell.target] = target
        }
        var status = DeploymentStatus(
            plan: header, targets: targets.values.sorted { $0.name < $1.name },
            running: try DispatchValues(store.ephemeral).running(of: header.deployment))
        let own = workers.filter { $0.deployment == nil || $0.deployment == header.deployment }
        status.queue = queue(workers: own, running: status.running?.count ?? 0)
        status.tasks = tasks.filter { $0.deployment == header.deployment }
        status.workers = own
        return status
    }

    /// The remaining work of pending cells, estimated from the durations of earlier builds.
    private func queue(workers: [WorkerSummary], running: Int) -> QueueStatus {
        let contents = index.contents
        var durations: [InternedTexts.ID: Double] = [:]
        for cell in contents.cells {
            guard let record = cell.record, record.outcome == .success, !record.duration.isNaN else { continue }
            durations[cell.name] = max(Double(record.duration), durations[cell.name] ?? 0)
        }
        var (pending, jobs) = (0, [Digest: Double]())
        for position in index.plannedPositions {
            let cell = contents.cells[position]
            guard cell.basis == .jobs, cell.outcome == nil else { continue }
            pending += 1
            let seconds = durations[cell.name] ?? QueueStatus.usualSeconds
            jobs[cell.build] = seconds
            if cell.hasTest { jobs[cell.test] = seconds }
        }
        return QueueStatus(
            pendingCells: pending, jobs: Array(jobs.values), running: running,
            slots: workers.filter { $0.mode == .ready }.map(\.slots).reduce(0, +))
    }

    /// The combined state of the cells that match the selectors.
    package func overallState(picked selectors: [Selector]) throws -> OverallState {
        overallState(at: try positions(picked: selectors))
    }

    /// The combined state of the given cells; nil for all cells.
    package func overallState(of cells: Set<Cell>?) -> OverallState { overallState(at: positions(of: cells)) }

    private func overallState(at positions: [Int]) -> OverallState {
        let contents = index.contents
        let bad = positions.filter(contents.isRequiredAndNotGood)
        if bad.isEmpty { return .good }
        let isUnavailable = bad.contains { position in
            contents.cells[position].outcome == .infrastructure || contents.isBlockedByInfrastructure(at: position)
        }
        return isUnavailable ? .unavailable : .notGood
    }

    /// Why a cell is in its state, since when, and which other cells are affected.
    ///
    /// - Throws: `Failure` of the category `input` if the selector does not match exactly one cell.
    package func explanation(of selector: Selector) throws -> CellExplanation {
        let state = try state(picked: selector)
        return try CellExplanation(
            state, among: states(picked: [.outcome(Glob("failure")), .outcome(Glob("blocked"))]), plan: documents,
            since: state.outcome == nil ? nil : index.commitOfState(of: state.cell))
    }
}

extension DeploymentStatus {
    /// The status of every deployment of a store that has a plan.
    package static func all(
        in store: Store, cache: String? = nil, workers: [WorkerSummary] = [], tasks: [TaskSummary] = []
    ) throws -> [DeploymentStatus] {
        try DeploymentResults.deployments(in: store).map { name in
            try DeploymentResults(store: store, deployment: name, cache: cache).status(workers: workers, tasks: tasks)
        }
    }
}
