package import Core
package import Documents
package import Store
internal import Synchronization
package import Worker

/// Runs what a plan needs and the store does not know yet, and records it there.
package struct DeploymentRun: Sendable {
    package let store: Store
    package let plan: Plan
    package let runner: any JobRunner
    /// Jobs at once.
    package let slots: Int
    /// Which cells; none picks all.
    package let selectors: [Selector]

    package init(store: Store, plan: Plan, runner: any JobRunner, slots: Int, selectors: [Selector] = []) {
        self.store = store
        self.plan = plan
        self.runner = runner
        self.slots = slots
        self.selectors = selectors
    }

    /// Runs until every wanted cell has its verdict.
    ///
    /// A layer may turn out to be damaged only when a job is built over it. What it blocked is run once more then, after the
    /// job that makes the layer again.
    ///
    /// - Throws: `CancellationError` when cancelled; what the store throws.
    package func run(
        files: @escaping @Sendable (Digest) throws -> PackageFiles,
        observe: @escaping @Sendable (RunEvent) async -> Void
    ) async throws {
        for _ in 1...3 {
            let unfinished = Mutex<Set<Digest>>([])
            try await runOnce(files: files) { event in
                if case .ended(let id, _, _, let ending) = event, ending.outcome == .infrastructure {
                    unfinished.withLock { _ = $0.insert(id) }
                }
                await observe(event)
            }
            guard try hasLostLayers(below: unfinished.withLock { $0 }) else { return }
        }
    }

    /// Whether some of the jobs are built over a layer that was recorded and is not there any more.
    private func hasLostLayers(below jobs: Set<Digest>) throws -> Bool {
        guard !jobs.isEmpty else { return false }
        let records = try Records(store: store, plan: plan)
        var (open, seen) = (Array(jobs), Set<Digest>())
        while let id = open.popLast() {
            for input in plan.jobs[id]?.inputs ?? [] where seen.insert(input).inserted {
                let isRecorded = records.verdict(onJob: input) { _ in true }?.outcome == .success
                if isRecorded, records.verdict(onJob: input, holds: runner.holds) == nil { return true }
                open.append(input)
            }
        }
        return false
    }

    private func runOnce(
        files: @escaping @Sendable (Digest) throws -> PackageFiles,
        observe: @escaping @Sendable (RunEvent) async -> Void
    ) async throws {
        // A verdict that the last run made durable in its last moment is not to be found once more.
        try store.settle()
        let cancellations = try CancellationWatch(store: store, plan: plan)
        defer { cancellations.stop() }
        let records = try Records(store: store, plan: plan)
        let tasks = try TaskIndex(plan.tasks)
        let agenda = Agenda(
            plan: plan,
            wanted: { cell in
                let recorded = records.result(of: cell.cell)
                if let recorded, recorded.outcome == .cancelled, cell.isDecided(by: recorded) { return false }
                return selectors.isEmpty
                    || selectors.contains {
                        $0.picks(cell.cell, result: recorded, tasks: tasks.tasks(of: cell.cell))
                    }
            },
            recorded: records.result(of:),
            known: { records.verdict(onJob: $0, holds: runner.holds) },
            seconds: records.expectedSeconds, lane: runner.lane,
            isChanged: try changedCells(records).contains)
        let running = try RunningJobs(of: plan.deployment, in: store)
        defer { running.end() }
        let housekeeping = Housekeeping { [store] in try store.tidy() }
        let run = PlanRun(
            plan: plan, agenda: agenda, runner: runner, slots: slots, files: files,
            record: { [store, deployment = plan.deployment] entry in
                let branch = ResultBranch(deployment: deployment, target: entry.result.cell.target)
                try store.transact(Branch(branch.name), entry.result.message) { transaction in
                    try branch.write(entry.result, at: entry.path, in: transaction)
                }
                housekeeping.noteRecord()
            },
            observe: { event in
                running.note(event)
                await observe(event)
            }, cancellations: cancellations.cells)
        try await run.run()
        await housekeeping.finish()
    }
}

extension DeploymentRun {
    /// The cells that are not as in the plan that was run before.
    private func changedCells(_ records: Records) throws -> Set<Cell> {
        try PlanStore(store).changes(of: plan.deployment) { repositories in
            records.commits.contains(repositories.map(\.commit))
        }
    }
}

/// What the store knows of a plan's cells and jobs, those of other deployments included.
private struct Records {
    private var ownTables: [String: ResultTable] = [:]
    private var tables: [ResultTable] = []
    private var durations: [String: Double] = [:]
    /// Of the repositories, under which something of this deployment was recorded.
    private(set) var commits: Set<[String]> = []

    init(store: Store, plan: Plan) throws {
        let targets = Set(plan.targets.map(\.name))
        for branch in try store.branches(prefix: "results/") {
            guard let results = ResultBranch(name: branch.name) else { continue }
            let isOwn = results.deployment == plan.deployment && targets.contains(results.target)
            let table = try results.table(in: store.snapshot(branch))
            if isOwn {
                ownTables[results.target] = table
                tables.insert(table, at: 0)
            } else {
                tables.append(table)
            }
            for result in table.results.values {
                if isOwn { commits.insert(result.repositories) }
                guard let duration = result.duration, result.outcome == .success else { continue }
                durations[result.cell.package.name] = max(duration, durations[result.cell.package.name] ?? 0)
            }
        }
    }

    /// The longest that a build of the package has taken, on whatever target; for one never built, a usual time.
    func expectedSeconds(of job: Job) -> Double {
        durations[job.package.name] ?? 5
    }

    func result(of cell: Cell) -> CellResult? {
        ownTables[cell.target]?.result(of: cell)
    }

    /// A success whose layer is there, or a real failure; whatever else became of the job is no verdict on it.
    func verdict(onJob job: Digest, holds: (Digest) -> Bool) -> CellResult? {
        for table in tables {
            guard let result = table.result(ofJob: job) else { continue }
            switch result.outcome {
            case .success where result.layer.map(holds) ?? true: return result
            case .failure: return result
            case .success, .blocked, .unsolvable, .infrastructure, .cancelled: continue
            }
        }
        return nil
    }
}
