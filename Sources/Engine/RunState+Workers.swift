internal import Agent
internal import Core
internal import Model
internal import Records
internal import RunnerInterface
internal import Scheduler
internal import Store

extension RunState {
    /// Processes a change of the registered workers.
    mutating func take(workers state: [StorePath: EphemeralValue]) async throws {
        let names = seats.registrations.keys.reduce(into: [:]) { $0[$1] = name(ofWorker: $1) }
        let change = seats.update(state)
        // Reports of a worker count even if it has ended.
        if !change.lost.isEmpty { try await take(reports: values.values.values(below: DispatchValues.reports)) }
        for id in change.lost {
            if id != run.coordination.local?.id { await run.observe(.workerLost(names[id] ?? id)) }
            try await lose(id)
        }
        try await take(change)
        for id in change.back { try await take(seats.readmit(id)) }
        await reportMissingWorkers()
    }

    /// Reports the targets whose jobs wait because no worker takes them: all have ended, are paused, or do not run the
    /// target. Each is reported once, until a worker takes its jobs again.
    mutating func reportMissingWorkers() async {
        guard !isInterrupted else { return }
        let unmet = dispatch.dispatcher.workers.unmetRequirements.filter { requirement in
            // Missing labels are reported when the run begins.
            let labels = requirement.labels.sorted()
            return labels.isEmpty || seats.registrations.values.contains { $0.has(labels: labels) }
        }
        let targets = Set(unmet.map(\.target))
        for target in targets.subtracting(unservedTargets).sorted() {
            await run.observe(.workersMissing(target: target, seats.obstacles(to: target)))
        }
        unservedTargets = targets
    }

    /// Reports the targets whose jobs wait for workers with certain labels.
    func reportMissingLabels() async {
        var names = Set(run.worklist.nodes.lazy.map(\.target))
        for target in run.plan.targets where names.remove(target.name) != nil {
            let labels = target.labels ?? []
            if !labels.isEmpty, !seats.registrations.values.contains(where: { $0.has(labels: labels) }) {
                await run.observe(.labelsMissing(target: target.name, labels))
            }
        }
    }

    private mutating func take(_ change: WorkerSeats.Change) async throws {
        for (seat, worker) in change.joined {
            let id = seats.seats[seat].worker
            if id != run.coordination.local?.id, seats.numbers(of: id).first == seat {
                let obstacle = seats.obstacle(toAllJobsOf: id)
                await run.observe(
                    obstacle.map { .workerUnsuited(name(ofWorker: id), $0) } ?? .workerJoined(name(ofWorker: id)))
            }
            try await perform(dispatch.register(seat, worker, at: now))
        }
        for (seat, mode) in change.modes { try await perform(dispatch.change(seat, to: mode)) }
    }

    /// Handles the end of a worker: its jobs return to the queue.
    private mutating func lose(_ id: String) async throws {
        for (job, holder) in active where holder.worker == id && completed[holder.token] == nil {
            // The assignment of a job whose result is being recorded is removed afterwards.
            guard !recording.contains(job) else { continue }
            try remove(job, from: id, holder.token)
            requests.drop(holder.request, in: holder.bundle)
            active[job] = nil
            if holder.hasBegun, let planned = run.plan.jobs[job] {
                await run.observe(.retrying(job, planned, reason: "its worker was lost"))
            }
        }
        for seat in seats.numbers(of: id) { try await perform(dispatch.handle(.worker(.lost(seat)))) }
    }

    /// Evicts a worker that is registered but sends no heartbeats: its jobs are given to others, and it must not
    /// continue them.
    mutating func evict(_ id: String) async throws {
        guard !seats.evicted.contains(id) else { return }
        await run.observe(.workerLost(name(ofWorker: id)))
        seats.evict(id)
        for (job, holder) in active where holder.worker == id {
            _ = try values.values.remove(DispatchValues.progress(of: job), expecting: .anything)
        }
        try await lose(id)
    }

    /// Processes changes of the workers' progress.
    mutating func take(progress state: [StorePath: EphemeralValue]) async throws {
        let local = run.coordination.local?.id
        var isLocalWorking = false
        for (path, value) in state where seen[path] != value.version {
            seen[path] = value.version
            guard let id = DispatchValues.job(in: path) else { continue }
            if let local, value.owner == local, active[id]?.hasBegun == true {
                // Its events are delivered directly.
                isLocalWorking = true
                continue
            }
            guard let progress = EphemeralDocument.decode(JobProgress.self, from: value.bytes) else { continue }
            try await noteActivity(of: progress.worker)
            guard progress.deployment == deployment, active[id]?.token == progress.attempt else { continue }
            try await begin(id)
            if progress.worker != local { await note(JobStep(progress.step, host: progress.host), of: id) }
        }
        if isLocalWorking, let local { try await noteActivity(of: local) }
        for path in seen.keys where state[path] == nil { seen[path] = nil }
    }

    /// Handles a sign of life of a worker.
    private mutating func noteActivity(of worker: String) async throws {
        if seats.evicted.contains(worker) { try await take(seats.readmit(worker)) }
        for seat in seats.numbers(of: worker) {
            try await perform(dispatch.handle(.worker(.progress(worker: seat, at: now))))
        }
    }

    /// Processes an event of this process's worker.
    mutating func take(_ event: WorkerAgent.Event) async throws {
        switch event {
        case .began(let id, let assignment):
            if active[id]?.token == assignment.attempt { try await begin(id) }
        case .step(let id, let step): await note(step, of: id)
        case .ended, .delayed, .short, .mode: break
        }
    }

    /// Handles the start of a job by a worker.
    mutating func begin(_ id: Digest) async throws {
        guard let holder = active[id], !holder.hasBegun, let number = dispatch.jobs.number(of: id),
            let job = run.plan.jobs[id], let target = run.worklist.targets[id]
        else { return }
        active[id]?.hasBegun = true
        executed.insert(id)
        let ready = job.inputs.compactMap { settledAt[$0] }.max() ?? began
        queued[id] = ready.duration(to: clock.now) / .seconds(1)
        await run.observe(.started(id, job, target: target.name, attempt: dispatch.attempt(of: id)))
        try await perform(
            dispatch.handle(.worker(.started(worker: holder.seat, job: number, token: holder.token, at: now))))
    }

    private mutating func note(_ step: JobStep, of id: Digest) async {
        guard let holder = active[id], holder.hasBegun, holder.step != step, step.name != "start" else { return }
        active[id]?.step = step
        await run.observe(.step(id, step))
    }

    // MARK: Reports

    /// Processes reports in the order of their tokens.
    mutating func take(reports state: [StorePath: EphemeralValue]) async throws {
        var new: [(id: Digest, report: ExecutionReport)] = []
        for (path, value) in state {
            guard let token = UInt64(path.name), !read.contains(token), let id = DispatchValues.job(in: path),
                let report = EphemeralDocument.decode(ExecutionReport.self, from: value.bytes)
            else { continue }
            if report.deployment == deployment, report.attempt == token { new.append((id, report)) }
        }
        for (id, report) in new.sorted(by: { $0.report.attempt < $1.report.attempt }) {
            read.insert(report.attempt)
            try await take(report, of: id)
        }
    }

    private mutating func take(_ report: ExecutionReport, of id: Digest) async throws {
        guard let number = dispatch.jobs.number(of: id) else {
            // The report is of a job that this run does not need.
            return try remove(id, from: report.worker, report.attempt, report.claim)
        }
        if let returned = report.returned { return try await take(back: number, report, returned) }
        if active[id]?.token == report.attempt { try await begin(id) }
        completed[report.attempt] = .report(report)
        try await perform(dispatch.handle(.worker(.reported(job: number, token: report.attempt, at: now))))
    }

    /// Handles a job that a worker returned.
    private mutating func take(
        back number: Int, _ report: ExecutionReport, _ reason: ExecutionReport.Return
    ) async throws {
        let id = dispatch.jobs[number]
        try remove(id, from: report.worker, report.attempt, report.claim)
        guard let holder = active[id], holder.token == report.attempt else { return }
        active[id] = nil
        if holder.hasBegun, let job = run.plan.jobs[id] {
            if isInterrupted || dispatch.dispatcher.jobs.state(of: number).isSettled {
                await observeInterruption(of: id)
            } else {
                await run.observe(.retrying(id, job, reason: "its worker was stopped"))
            }
        }
        if reason == .busy { return try await hold(number) }
        try await perform(
            dispatch.handle(.worker(.returned(worker: holder.seat, job: number, token: holder.token))))
    }
}
