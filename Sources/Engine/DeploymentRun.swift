package import Core
package import Model
package import Records
package import RunnerInterface
package import Store

/// Runs what a plan needs and the store does not know yet, and records it there.
package struct DeploymentRun: Sendable {
    /// The store with the plan and the results.
    package let store: Store
    /// The plan that is carried out.
    package let plan: Plan
    /// Runs the jobs.
    package let runner: any JobRunner
    /// Jobs at once.
    package let slots: Int
    /// Which cells; none picks all.
    package let selectors: [Selector]
    /// Why the run was started, in the words of who started it.
    package let trigger: String
    /// Ends the run early: what runs finishes, nothing further starts.
    package let drain: DrainRequest

    package init(
        store: Store, plan: Plan, runner: any JobRunner, slots: Int, selectors: [Selector] = [],
        trigger: String = "manual", drain: DrainRequest = DrainRequest()
    ) {
        self.store = store
        self.plan = plan
        self.runner = runner
        self.slots = slots
        self.selectors = selectors
        self.trigger = trigger
        self.drain = drain
    }

    /// Runs until every wanted cell has its verdict.
    ///
    /// What is executed again may have another layer than before; then what is built over it is executed again too. That
    /// is worked out from the records when all jobs have ended, and so are retries requested meanwhile. A layer may turn
    /// out to be damaged only when a job is built over it: then the job that makes it is executed again, and what it
    /// blocked after it. The run itself is recorded on the deployment's branch, when it begins and when it ends.
    ///
    /// - Parameter results: What was read of the store's results before; what is missing is read.
    /// - Returns: The results as the run leaves them.
    /// - Throws: `CancellationError` when cancelled, and when drained before all was done; what the store throws.
    @discardableResult
    package func run(
        _ results: ResultTables = ResultTables(), files: @escaping @Sendable (Digest) throws -> PackageFiles,
        observe: @escaping @Sendable (RunEvent) async -> Void
    ) async throws -> ResultTables {
        // Includes a verdict that an earlier run made durable in its last moment.
        try store.finishPendingCommits()
        let cancellations = try CancellationWatch(store: store, plan: plan)
        defer { cancellations.stop() }
        let claims = try JobClaims(in: store.ephemeral)
        defer { claims.end() }
        let running = try RunningJobs(of: plan.deployment, in: store)
        defer { running.end() }
        let recording = try RunRecording(of: self, owner: running.owner)
        let backgroundRepack = BackgroundRepack { [store] willPack in try store.repackIfNeeded(willPack: willPack) }
        var results = results
        do {
            try await runRounds(
                &results, recording, claims, cancellations: cancellations.cells, files: files, backgroundRepack,
                observe: { event in
                    event.trace()
                    running.note(event)
                    await observe(event)
                })
            try results.refresh(from: store)
            try recording.finish(records(results))
        } catch {
            recording.end(after: error)
            throw error
        }
        if !drain.isMade {
            await backgroundRepack.finish { await observe(.packing) }
        }
        try Task.checkCancellation()
        return results
    }

    private func runRounds(
        _ results: inout ResultTables, _ recording: RunRecording, _ claims: JobClaims,
        cancellations: AsyncStream<Set<Cell>>, files: @escaping @Sendable (Digest) throws -> PackageFiles,
        _ backgroundRepack: BackgroundRepack, observe: @escaping @Sendable (RunEvent) async -> Void
    ) async throws {
        var round = Round()
        repeat {
            if drain.isMade { throw CancellationError() }
            try Task.checkCancellation()
            let requests = try retryHeads()
            try results.refresh(from: store)
            let records = try self.records(results)
            let wanted = try wantedCells(records, of: round)
            let worklist = try worklist(wanted, records, round)
            let run = planRun(
                worklist, recording, claims, cancellations: cancellations, files: files, backgroundRepack,
                observe: observe)
            let decided = worklist.isEmpty && !round.isFirst ? [:] : try await run.run()
            round.take(decided, wanted: wanted, records)
            try fulfilRequests()
            if round.canRepair { try results.refresh(from: store) }
            let isRepaired =
                try round.canRepair
                && hasLostLayers(below: Set(round.infrastructureFailures.keys), self.records(results))
            if isRepaired { round.beginRepair() }
            round.isLast = try !isRepaired && !round.hasChangedLayers && retryHeads() == requests
        } while !round.isLast
    }

    /// What these results come to for the plan.
    private func records(_ results: ResultTables) throws -> RecordedResults {
        try RecordedResults(
            results, store: store, deployment: plan.deployment, targets: Set(plan.targets.map(\.name)))
    }

    /// Whether some of the jobs are built over a layer that was recorded and is not there any more.
    private func hasLostLayers(below jobs: Set<Digest>, _ records: RecordedResults) -> Bool {
        guard !jobs.isEmpty else { return false }
        var (open, seen) = (Array(jobs), Set<Digest>())
        while let id = open.popLast() {
            for input in plan.jobs[id]?.inputs ?? [] where seen.insert(input).inserted {
                if let layer = records.verdict(onJob: input)?.layer, !runner.holds(layer: layer) { return true }
                open.append(input)
            }
        }
        return false
    }

    private func planRun(
        _ worklist: RunWorklist, _ recording: RunRecording, _ claims: JobClaims,
        cancellations: AsyncStream<Set<Cell>>,
        files: @escaping @Sendable (Digest) throws -> PackageFiles, _ backgroundRepack: BackgroundRepack,
        observe: @escaping @Sendable (RunEvent) async -> Void
    ) -> PlanRun {
        let lookup = JobLookup(store: store, plan: plan)
        return PlanRun(
            plan: plan, worklist: worklist, runner: runner, slots: slots, files: files,
            record: { entry in
                try recording.record(entry)
                backgroundRepack.noteRecord()
            },
            observe: observe, drain: drain, cancellations: cancellations, claims: claims,
            recorded: lookup.verdict(onJob:))
    }
}

extension DeploymentRun {
    /// What the rounds of a run hand on.
    private struct Round {
        var isFirst = true
        var isLast = false
        /// The cells that the run decides; nil until they are picked.
        var wanted: Set<Cell>?
        /// Infrastructure failures, which this run does not try again.
        var infrastructureFailures: [Digest: CellResult] = [:]
        /// How often jobs were executed again because a layer below them was damaged.
        private var repairs = 0
        /// Layers that this run made: were they gone at once, making them again would not help.
        var layers: Set<Digest> = []
        /// Whether a job that was executed again has another layer now, or one below it has.
        var hasChangedLayers = false

        var canRepair: Bool { repairs < 2 && !infrastructureFailures.isEmpty }

        mutating func beginRepair() {
            repairs += 1
            infrastructureFailures.removeAll()
        }

        mutating func take(_ results: [Digest: CellResult], wanted: Set<Cell>, _ records: RecordedResults) {
            isFirst = false
            self.wanted = wanted
            hasChangedLayers = results.contains { id, result in
                records.results(ofJob: id).contains {
                    $0.layer != nil && ($0.layer != result.layer || $0.base != result.base)
                }
            }
            for (id, result) in results {
                infrastructureFailures[id] = result.outcome == .infrastructure ? result : nil
                if let layer = result.layer { layers.insert(layer) }
            }
        }
    }

    /// The cells that the run decides: those that were picked at its beginning and are not cancelled.
    private func wantedCells(_ records: RecordedResults, of round: Round) throws -> Set<Cell> {
        let tasks = try TaskIndex(plan.tasks)
        return Set(
            plan.cells.filter { cell in
                let recorded = records.result(of: cell.cell).flatMap { cell.isDecided(by: $0) ? $0 : nil }
                if recorded?.outcome == .cancelled { return false }
                if let wanted = round.wanted { return wanted.contains(cell.cell) }
                return selectors.isEmpty
                    || selectors.contains {
                        $0.picks(cell.cell, result: recorded, tasks: tasks.tasks(of: cell.cell))
                    }
            }.map(\.cell))
    }

    private func worklist(_ wanted: Set<Cell>, _ records: RecordedResults, _ round: Round) throws -> RunWorklist {
        RunWorklist(
            plan: plan, wanted: { wanted.contains($0.cell) }, recorded: records.result(of:),
            known: { records.verdict(onJob: $0) ?? round.infrastructureFailures[$0] },
            holds: { round.layers.contains($0) || runner.holds(layer: $0) },
            seconds: records.expectedSeconds, lane: runner.lane,
            isChanged: round.isFirst ? try changedCells(records).contains : { _ in false })
    }

    /// The cells that are not as in the plan that was run before.
    private func changedCells(_ records: RecordedResults) throws -> Set<Cell> {
        try PlanStore(store).changes(of: plan.deployment) { repositories in
            records.commits.contains(repositories.map(\.commit))
        }
    }

    /// What the branches of retry requests lead to.
    private func retryHeads() throws -> [String: String] {
        try Dictionary(
            uniqueKeysWithValues: store.branches(prefix: RetryBranch.prefix).map { branch in
                (branch.name, try store.snapshot(branch).commit.map { "\($0)" } ?? "")
            })
    }

    /// Removes the requests of this deployment whose jobs have a newer verdict.
    private func fulfilRequests() throws {
        let branch = try Branch(RetryBranch(deployment: plan.deployment).name)
        let requests = try RetryBranch.requests(in: store.snapshot(branch))
        guard !requests.isEmpty else { return }
        let lookup = JobLookup(store: store, plan: plan)
        let fulfilled = try requests.filter { try lookup.verdict(onJob: $0.job) != nil }
        guard !fulfilled.isEmpty else { return }
        let message = "Fulfil \(count(fulfilled.count, "retry request"))"
        try store.transact(branch, message) { transaction in
            for request in fulfilled {
                let path = try RetryBranch.path(of: request.job)
                // Another request may have come meanwhile.
                if try transaction.value(at: path) == request { try transaction.remove(path.path) }
            }
        }
    }
}
