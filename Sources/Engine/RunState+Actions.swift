internal import Core
internal import Foundation
internal import Model
internal import Records
internal import RunnerInterface
internal import Scheduler
internal import Store

extension RunState {
    /// Performs the actions of the dispatcher.
    mutating func perform(_ actions: [Action]) async throws {
        try await report(actions)
        for action in actions {
            switch action {
            case .block(let job, let cause): block(dispatch.jobs[job], by: dispatch.jobs[cause])
            case .wake(let at):
                let (deadline, inputs) = (began + at, inputs)
                Task {
                    try? await Task.sleep(until: deadline, clock: .continuous)
                    inputs.yield(.time)
                }
            case .worker(let action): try await perform(action)
            case .plan, .stopPlanning, .complete, .drop, .withdraw, .reopen: break
            }
        }
    }

    private mutating func perform(_ action: WorkerPool.Action) async throws {
        switch action {
        case .assign(let seat, let job, let token): try await assign(job, to: seat, token: token)
        case .revoke(let seat, let job, let token, let stop):
            try await revoke(dispatch.jobs[job], from: seat, token, stop)
        case .accept(let job, let token): try await record(job, token, completed.removeValue(forKey: token))
        case .discard(let job, let token):
            await forget(dispatch.jobs[job], token, completed.removeValue(forKey: token))
        case .stalled(let seat): await run.observe(.workerStalled(name(ofSeat: seat)))
        case .evict(let seat): try await evict(seats.seats[seat].worker)
        case .giveUp(let job):
            let reason = "\(dispatch.dispatcher.workers.lossLimit + 1) workers were lost while they ran the job"
            try await record(job, 0, .failure(reason))
        }
    }

    /// The name of a worker for display.
    func name(ofSeat seat: Int) -> String { name(ofWorker: seats.seats[seat].worker) }

    /// The name of a worker for display.
    func name(ofWorker id: String) -> String {
        seats.registrations[id].map { "\($0.name) on \($0.host)" } ?? id
    }

    // MARK: Assigning

    /// Assigns a job to a worker, or adopts a result of it that was recorded meanwhile.
    private mutating func assign(_ number: Int, to seat: Int, token: UInt64) async throws {
        let id = dispatch.jobs[number]
        guard let job = run.plan.jobs[id], let target = run.worklist.targets[id] else {
            return try await complete(number, token, .failure("the plan has no job \(id)"))
        }
        if let claim = try values.values.value(at: DispatchValues.progress(of: id)), claim.owner != nil {
            let progress = EphemeralDocument.decode(JobProgress.self, from: claim.bytes)
            if progress?.deployment != deployment { await run.observe(.waiting(id, job, target: target.name)) }
            return try await hold(number)
        }
        if let (result, isOwn) = try recordedVerdict(onJob: id), isUsable(result, for: job) {
            return try await complete(number, token, .adopted(result, isOwn: isOwn))
        }
        let assigned = seats.seats[seat]
        let request: (name: Digest, part: Int?)
        do {
            request = try requests.request(
                id, parameters(of: id, job, target), isRepeated: dispatch.attempt(of: id) > 1,
                in: locationOfRequests(to: assigned.worker))
        } catch {
            return try await complete(number, token, .failure("\(Failure(describing: error))"))
        }
        // That assignments cannot be written is no fault of this job: no other one could be assigned either.
        let assignment = JobAssignment(
            attempt: token, deployment: deployment, request: request.name, cell: cell(of: id, job, target),
            kind: job.kind, priority: Int(dispatch.dispatcher.jobs.ranks[number]), lane: assigned.lane)
        changes.assign(
            assignment, at: try DispatchValues.assignment(of: id, to: assigned.worker), part: request.part)
        active[id] = Active(
            token: token, seat: seat, worker: assigned.worker, request: request.name,
            assignedAt: Int(Date().timeIntervalSince1970))
    }

    private func locationOfRequests(to worker: String) -> RequestWriter.Location {
        if worker == run.coordination.local?.id { return .process }
        return seats.registrations[worker]?.readsBundles == true ? .bundle : .own
    }

    /// What a request to run the job says.
    func parameters(of id: Digest, _ job: Job, _ target: Plan.Target) -> RequestWriter.Parameters {
        RequestWriter.Parameters(
            layers: layers, base: inputLayers.base(of: job), target: target,
            confirmations: run.worklist.toConfirm.contains(id) ? run.plan.confirm : 0)
    }

    /// The first cell that a job decides; the cell of its package if it decides none.
    func cell(of id: Digest, _ job: Job, _ target: Plan.Target) -> Cell {
        run.worklist.cellsDecided[id]?.first?.cell
            ?? Cell(target: target.name, compiler: job.compiler, package: job.package)
    }

    /// Completes an assignment that was never given to a worker.
    private mutating func complete(_ number: Int, _ token: UInt64, _ completion: Completion) async throws {
        completed[token] = completion
        try await perform(dispatch.handle(.worker(.reported(job: number, token: token, at: now))))
    }

    /// Handles a job that a worker still holds for another dispatcher or from an earlier assignment: the job is queued
    /// again when it is free.
    mutating func hold(_ number: Int) async throws {
        let id = dispatch.jobs[number]
        let (values, inputs) = (values.values, inputs)
        let path = try DispatchValues.progress(of: id)
        waits[id]?.cancel()
        waits[id] = Task {
            await values.waitUntilFree(path)
            inputs.yield(.free(id))
        }
        try await perform(dispatch.handle(.hold(number)))
    }

    /// Whether a recorded result was computed over the current layers of the job's inputs, and its own layer is
    /// available.
    private func isUsable(_ result: CellResult, for job: Job) -> Bool {
        guard result.outcome == .success || result.outcome == .failure else { return false }
        if let base = result.base {
            guard base == inputLayers.base(of: job) else { return false }
        } else if job.inputs.contains(where: executed.contains) {
            return false
        }
        guard result.outcome == .success, job.kind == .build else { return true }
        return result.layer.map(run.holds) ?? false
    }

    // MARK: Revoking

    private mutating func revoke(_ id: Digest, from seat: Int, _ token: UInt64, _ stop: Bool) async throws {
        // Its assignment may still be among the pending changes.
        try await makeChanges()
        guard let holder = active[id], holder.token == token else { return }
        let path = try DispatchValues.assignment(of: id, to: holder.worker)
        guard let value = try values.values.value(at: path),
            var assignment = EphemeralDocument.decode(JobAssignment.self, from: value.bytes)
        else { return }
        assignment.revocation = stop ? .stop : .unlessBegun
        try values.set(assignment, at: path, owner: nil, expecting: .version(value.version))
    }

    /// Removes an assignment with its report, if any, and the worker's claim on the job in one transaction.
    ///
    /// - Parameter claim: The version of the claim.
    mutating func remove(_ id: Digest, from worker: String, _ token: UInt64, _ claim: UInt64? = nil) throws {
        var expected: [StorePath: EphemeralExpectation] = try [
            DispatchValues.assignment(of: id, to: worker): .anything,
            DispatchValues.report(of: id, attempt: token): .anything,
        ]
        if let claim { expected[try DispatchValues.progress(of: id)] = .version(claim) }
        changes.remove(expected)
    }

    /// Makes the collected changes of assignments and reports.
    mutating func makeChanges() async throws {
        while !changes.isEmpty {
            let bundle = try await writeBundle()
            // If that failed, other jobs may have been assigned instead.
            guard bundle != nil || changes.bundled.isEmpty else { continue }
            while !changes.isEmpty { try make(changes.next(bundle)) }
        }
    }

    /// Writes the requests of the assignments that are to be made.
    private mutating func writeBundle() async throws -> RequestWriter.Bundle? {
        let assigned = changes.bundled.compactMap { path, assignment in
            DispatchValues.job(in: path).map { (id: $0, token: assignment.attempt) }
        }
        do {
            let bundle = try requests.writeBundle()
            for (id, token) in assigned where active[id]?.token == token { active[id]?.bundle = bundle?.digest }
            return bundle
        } catch {
            let reason = "\(Failure(describing: error))"
            changes.removeBundled()
            for (id, token) in assigned where active[id]?.token == token {
                active[id] = nil
                guard let number = dispatch.jobs.number(of: id) else { continue }
                try await complete(number, token, .failure(reason))
            }
            return nil
        }
    }

    private func make(_ changes: [StorePath: EphemeralChange]) throws {
        guard try values.values.change(changes) == nil else { return }
        // A claim has changed: its worker has released it, and another one may hold it now. Leave claims alone.
        _ = try values.values.change(changes.filter { $0.value.expecting == .anything })
    }

    /// Reports how many jobs will not run, once for each cause.
    private func report(_ actions: [Action]) async throws {
        var blocked: [Int: Int] = [:]
        var dropped = 0
        for action in actions {
            switch action {
            case .block(_, let cause): blocked[cause, default: 0] += 1
            case .drop: dropped += 1
            case .withdraw(let job) where active[dispatch.jobs[job]]?.hasBegun != true: dropped += 1
            default: break
            }
        }
        let causes = blocked.map { (id: dispatch.jobs[$0.key], count: $0.value) }
        for (cause, count) in causes.sorted(by: { $0.id < $1.id }) {
            if let job = run.plan.jobs[cause] { await run.observe(.blocked(jobs: count, by: job)) }
        }
        if dropped > 0, !isInterrupted { await run.observe(.dropped(jobs: dropped)) }
    }
}
