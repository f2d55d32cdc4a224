internal import Agent
package import Core
internal import Foundation
package import Hub
package import Model
package import Records
package import RunnerInterface
package import Store
internal import System

/// Runs the jobs of a plan that have no result in the store, and records their results.
package struct DeploymentRun: Sendable {
    /// What to do if another process runs the deployment.
    package enum Policy: Sendable {
        /// Run jobs for the other process as a worker, and take over if it ends.
        case join
        /// Wait until the other run has ended.
        case wait
    }

    /// The store with the plan and the results.
    package let store: Store
    /// The plan to run.
    package let plan: Plan
    /// Runs jobs in this process.
    package let runner: any JobRunner
    /// The registration of this process's worker.
    package let registration: WorkerRegistration
    /// The selectors of the cells, for the record of the run; empty if all cells were selected.
    package let selectors: [Selector]
    /// The selected cells; nil for all cells.
    package let picked: Set<Cell>?
    /// What to do if another process runs the deployment.
    package let policy: Policy
    /// Why the run was started, as given by the user.
    package let trigger: String
    /// A request to end the run early: running jobs finish and no others start.
    package let drain: DrainRequest
    /// The hub to push to; nil to keep the history in the store only.
    let hub: Hub?
    /// The timeouts for workers without heartbeats.
    package let stall: StallTimes
    /// The time of a running job's last output, in seconds since 1970.
    private let lastOutput: @Sendable (Digest) -> Int?
    private let blobs: ProcessBlobs

    package init(
        store: Store, plan: Plan, runner: any JobRunner, registration: WorkerRegistration,
        selectors: [Selector] = [], picked: Set<Cell>? = nil, policy: Policy = .join, trigger: String = "manual",
        drain: DrainRequest = DrainRequest(), hub: Hub? = nil,
        stall: StallTimes = StallTimes(),
        lastOutput: @escaping @Sendable (Digest) -> Int? = { _ in nil }
    ) {
        self.store = store
        self.plan = plan
        self.runner = runner
        self.registration = registration
        self.selectors = selectors
        self.picked = picked
        self.policy = policy
        self.trigger = trigger
        self.drain = drain
        self.hub = hub
        self.stall = stall
        self.lastOutput = lastOutput
        blobs = ProcessBlobs(store.exchange, plan)
    }

    /// Runs until every selected cell has a result. If another process runs the deployment already, follows that run.
    ///
    /// A repeated job may produce a different layer; jobs that depend on it are then repeated as well. That is
    /// determined from the records when all jobs have ended, as are retries requested meanwhile. Damage of a layer may
    /// be detected only when a dependent job starts; the job that produced the layer is then repeated before the
    /// dependent ones. The run itself is recorded on the deployment's branch at its beginning and its end.
    ///
    /// - Parameter results: Results that were already read from the store; missing ones are read.
    /// - Returns: The results after the run.
    /// - Throws: `CancellationError` if cancelled, or if drained before all jobs were done; `StoreError`.
    @discardableResult
    package func run(
        _ results: ResultTables = ResultTables(), files: @escaping @Sendable (Digest) throws -> PackageFiles,
        observe: @escaping @Sendable (RunEvent) async -> Void
    ) async throws -> ResultTables {
        // Finish commits that a crashed writer left, so that its results are not recomputed.
        try store.finishPendingCommits()
        let traced: @Sendable (RunEvent) async -> Void = { event in
            event.trace()
            await observe(event)
        }
        var local = policy == .join ? try makeWorker() : nil
        var results = results
        do {
            while true {
                if let leadership = try Leadership.acquire(plan.deployment, as: lease, in: values) {
                    defer { leadership.end() }
                    let worker = try local ?? makeWorker()
                    local = worker
                    try await lead(leadership, worker, &results, files: files, observe: traced)
                    break
                }
                if try await follow(local, &results, observe: traced) { break }
                await traced(.leading)
            }
            local?.drain()
            await local?.end()
        } catch {
            local?.stop()
            await local?.end()
            throw error
        }
        try Task.checkCancellation()
        return results
    }

    private var values: DispatchValues { DispatchValues(store.ephemeral) }

    private var lease: DispatcherLease {
        DispatcherLease(
            name: registration.name, host: registration.host, since: Int(Date().timeIntervalSince1970))
    }

    private func makeWorker() throws -> LocalWorker {
        try LocalWorker(
            WorkerAgent.Environment(
                values: values, blobs: blobs, runner: runner, lastOutput: lastOutput), registration)
    }

    /// Dispatches jobs until every selected cell has a result.
    private func lead(
        _ leadership: Leadership, _ local: LocalWorker, _ results: inout ResultTables,
        files: @escaping @Sendable (Digest) throws -> PackageFiles,
        observe: @escaping @Sendable (RunEvent) async -> Void
    ) async throws {
        // The previous dispatcher may have been killed while committing, possibly on another machine.
        try store.finishPendingCommits()
        let pusher = try await beginPushing(observe)
        defer { pusher?.end() }
        let commits = CommitSeries()
        let cancellations = try CancellationWatch(store: store, plan: plan, except: commits)
        defer { cancellations.stop() }
        let backgroundRepack = BackgroundRepack { [store] willPack in try store.repackIfNeeded(willPack: willPack) }
        let coordination = RunCoordination(
            values: values, blobs: blobs, leadership: leadership, local: local, stall: stall)
        let recording = try RunRecording(of: self, owner: leadership.owner, commits: commits)
        await observe(.begun(run: recording.number))
        do {
            try await runRounds(
                &results, recording, coordination, pusher, cancellations: cancellations.cells, files: files,
                backgroundRepack, observe: observe)
            try results.refresh(from: store)
            try recording.finish(records(results))
        } catch {
            recording.end(after: error)
            try? await finishPushing(pusher)
            throw error
        }
        try await finishPushing(pusher)
        if !drain.isMade { await backgroundRepack.finish { await observe(.packing) } }
    }

    private func runRounds(
        _ results: inout ResultTables, _ recording: RunRecording, _ coordination: RunCoordination,
        _ pusher: HubPusher?,
        cancellations: AsyncStream<Set<Cell>>, files: @escaping @Sendable (Digest) throws -> PackageFiles,
        _ backgroundRepack: BackgroundRepack, observe: @escaping @Sendable (RunEvent) async -> Void
    ) async throws {
        var round = Round()
        repeat {
            if drain.isMade { throw CancellationError() }
            try Task.checkCancellation()
            let requests = try retryHeads()
            // Results recorded by others from now on are not in `results`.
            let lookup = try JobLookup(store: store, plan: plan)
            try results.refresh(from: store)
            let records = try self.records(results)
            let wanted = wantedCells(records, of: round)
            let worklist = try worklist(wanted, records, round)
            let run = planRun(
                worklist, recording, coordination, lookup, pusher, cancellations: cancellations, files: files,
                backgroundRepack, observe: observe)
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

    /// Evaluates results for the plan.
    private func records(_ results: ResultTables) throws -> RecordedResults {
        try RecordedResults(
            results, store: store, deployment: plan.deployment, targets: Set(plan.targets.map(\.name)))
    }

    /// Whether one of the jobs depends on a layer that was recorded but no longer exists.
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
        _ worklist: RunWorklist, _ recording: RunRecording, _ coordination: RunCoordination, _ lookup: JobLookup,
        _ pusher: HubPusher?,
        cancellations: AsyncStream<Set<Cell>>,
        files: @escaping @Sendable (Digest) throws -> PackageFiles, _ backgroundRepack: BackgroundRepack,
        observe: @escaping @Sendable (RunEvent) async -> Void
    ) -> PlanRun {
        PlanRun(
            plan: plan, worklist: worklist, coordination: coordination,
            holds: { [runner] in runner.holds(layer: $0) }, files: files,
            record: { [logs = store.logs] entry in
                let absent = logs.absent(of: entry.result.logs)
                if !absent.isEmpty { await BlockingWork.run { logs.fetch(absent) } }
                try await recording.record(entry)
                pusher?.note()
                backgroundRepack.noteRecord()
            },
            observe: observe, drain: drain, cancellations: cancellations, published: published(pusher),
            verdicts: lookup.newVerdicts)
    }
}

extension DeploymentRun {
    private enum FollowerInput {
        /// No process dispatches.
        case free
        case drain
        case time
    }

    /// Works for the process that runs the deployment, or waits, until that process has ended or every selected cell
    /// has a result.
    ///
    /// - Returns: Whether every selected cell has a result.
    private func follow(
        _ local: LocalWorker?, _ results: inout ResultTables,
        observe: @escaping @Sendable (RunEvent) async -> Void
    ) async throws -> Bool {
        let path = try DispatchValues.dispatcher(of: plan.deployment)
        guard let value = try values.values.value(at: path), let owner = value.owner else { return false }
        let leader = EphemeralDocument.decode(DispatcherLease.self, from: value.bytes)
        let unknown = DispatcherLease(name: owner, host: "an unknown machine", since: 0)
        await observe(.following(leader ?? unknown, isWorking: local != nil))
        local?.forward { event in
            guard case .ended(_, let assignment, let report) = event else { return }
            let ending = JobEnding(
                outcome: report.outcome, phase: report.phase, reason: report.reason, duration: report.duration)
            await observe(.worked(assignment.cell, ending))
        }
        defer { local?.forward(to: nil) }
        let (stream, inputs) = AsyncStream.makeStream(of: FollowerInput.self)
        let watch = values.values.watch(below: path) { if $0[path]?.owner == nil { inputs.yield(.free) } }
        let sources = [
            Task {
                await drain.wait()
                inputs.yield(.drain)
            },
            Task {
                while !Task.isCancelled {
                    try? await Task.sleep(for: .seconds(3))
                    inputs.yield(.time)
                }
            },
        ]
        defer {
            watch.cancel()
            for source in sources { source.cancel() }
        }
        for await input in stream {
            switch input {
            case .free: return false
            case .drain: if drain.isMade { throw CancellationError() }
            case .time: if try isDone(&results) { return true }
            }
        }
        throw CancellationError()
    }

    /// Whether every selected cell has a result.
    private func isDone(_ results: inout ResultTables) throws -> Bool {
        try results.refresh(from: store)
        let records = try self.records(results)
        let round = Round()
        let wanted = wantedCells(records, of: round)
        // Fast path: in most cases this shows that jobs remain.
        guard
            plan.cells.allSatisfy({ cell in
                if !wanted.contains(cell.cell) { return true }
                if case .excluded = cell.basis { return true }
                return records.result(of: cell.cell).map(cell.isDecided) ?? false
            })
        else { return false }
        return try worklist(wanted, records, round).isEmpty
    }
}

/// The cells that a run decides, stored as a set or as the complement of one.
private struct WantedCells {
    private let wanted: Set<Cell>?
    private let others: Set<Cell>

    init(of plan: Plan, except others: [Cell]) {
        let isMost = others.count * 2 < plan.cells.count
        self.others = isMost ? Set(others) : []
        let excluded = isMost ? [] : Set(others)
        wanted = isMost ? nil : Set(plan.cells.lazy.map(\.cell).filter { !excluded.contains($0) })
    }

    /// Whether the run decides a cell of the plan.
    func contains(_ cell: Cell) -> Bool { wanted?.contains(cell) ?? !others.contains(cell) }
}

extension DeploymentRun {
    /// The state carried from one round of a run to the next.
    private struct Round {
        var isFirst = true
        var isLast = false
        /// The cells that the run decides; nil until they are determined.
        var wanted: WantedCells?
        /// Infrastructure failures, which this run does not retry any more.
        var infrastructureFailures: [Digest: CellResult] = [:]
        /// The number of rounds in which jobs were repeated because of damaged layers.
        private var repairs = 0
        /// Layers made by this run. If one of these is missing, making it again would not help.
        var layers: Set<Digest> = []
        /// Whether a repeated job, or one of its dependencies, has a different layer now.
        var hasChangedLayers = false

        var canRepair: Bool { repairs < 2 && !infrastructureFailures.isEmpty }

        mutating func beginRepair() {
            repairs += 1
            infrastructureFailures.removeAll()
        }

        mutating func take(_ results: [Digest: CellResult], wanted: WantedCells, _ records: RecordedResults) {
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

    /// The cells that the run decides: the selected ones that are not cancelled.
    private func wantedCells(_ records: RecordedResults, of round: Round) -> WantedCells {
        if picked == nil, !records.hasCancelled {
            if let wanted = round.wanted { return wanted }
            return WantedCells(of: plan, except: [])
        }
        return WantedCells(
            of: plan,
            except: plan.cells.filter { cell in
                let recorded = records.result(of: cell.cell).flatMap { cell.isDecided(by: $0) ? $0 : nil }
                if recorded?.outcome == .cancelled { return true }
                if let wanted = round.wanted { return !wanted.contains(cell.cell) }
                return picked.map { !$0.contains(cell.cell) } ?? false
            }.map(\.cell))
    }

    private func worklist(_ wanted: WantedCells, _ records: RecordedResults, _ round: Round) throws -> RunWorklist {
        let last = plan.confirm > 0 ? records.lastVerdicts(of: plan) : { _ in nil }
        return RunWorklist(
            plan: plan, wanted: { wanted.contains($0.cell) }, recorded: records.result(of:),
            known: { records.verdict(onJob: $0) ?? round.infrastructureFailures[$0] },
            holds: { round.layers.contains($0) || runner.holds(layer: $0) },
            seconds: records.expectedSeconds,
            isChanged: round.isFirst ? try changedCells(records).contains : { _ in false },
            last: last)
    }

    /// The cells that differ from the plan of the previous run.
    private func changedCells(_ records: RecordedResults) throws -> Set<Cell> {
        try PlanStore(store).changes(of: plan.deployment) { repositories in
            records.commits.contains(repositories.map(\.commit))
        }
    }

    /// The tips of the branches of retry requests.
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
        let lookup = try JobLookup(store: store, plan: plan)
        let fulfilled = try requests.filter { try lookup.verdict(onJob: $0.job) != nil }
        guard !fulfilled.isEmpty else { return }
        let message = "Fulfil \(count(fulfilled.count, "retry request"))"
        try store.transact(branch, message) { transaction in
            for request in fulfilled {
                let path = try RetryBranch.path(of: request.job)
                // A new request may have been made meanwhile.
                if try transaction.value(at: path) == request { try transaction.remove(path.path) }
            }
        }
    }
}
