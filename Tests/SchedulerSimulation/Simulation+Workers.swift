import Scheduler

extension Simulation {
    func startWorker(_ worker: Int) {
        workers[worker].isUp = true
        register(worker)
    }

    /// Registers a worker under a new session.
    func register(_ worker: Int) {
        workers[worker].session += 1
        workers[worker].abandonAll()
        let session = workers[worker].session
        values.registrations[worker] = .init(session: session, mode: .ready)
        send(.toDispatcher(.registered(worker)))
        events.add(.workerTick(worker, session: session), at: now + random.around(3))
    }

    func receive(_ message: ToWorker, at worker: Int) throws {
        switch message {
        case .assigned(let job, let token), .revoked(let job, let token):
            guard let assignment = values.assignments[worker][job], assignment.token == token,
                assignment.session == workers[worker].session
            else { return }
            try follow(assignment, job, worker)
        }
    }

    /// Executes an assignment.
    private func follow(_ assignment: SimulatedValues.Assignment, _ job: Int, _ worker: Int) throws {
        let token = assignment.token
        switch assignment.revocation {
        case .none:
            guard !assignment.isBegun, !workers[worker].has(job, token) else { return }
            workers[worker].waiting.append((job, token))
            try beginNext(on: worker)
        case .move where workers[worker].running[job] == token:
            send(.toDispatcher(.started(worker: worker, session: workers[worker].session, job: job, token: token)))
        case .move, .stop:
            workers[worker].waiting.removeAll { $0.job == job && $0.token == token }
            if workers[worker].running[job] == token { workers[worker].running[job] = nil }
            values.assignments[worker][job] = nil
            send(.toDispatcher(.returned(worker: worker, session: workers[worker].session, job: job, token: token)))
            try beginNext(on: worker)
        }
    }

    private func beginNext(on worker: Int) throws {
        while workers[worker].running.count < workers[worker].slots, !workers[worker].waiting.isEmpty {
            let (job, token) = workers[worker].waiting.removeFirst()
            // By compare-and-swap: a revoked assignment does not begin.
            guard let assignment = values.assignments[worker][job], assignment.token == token,
                assignment.revocation == .none
            else { continue }
            values.assignments[worker][job]?.isBegun = true
            workers[worker].running[job] = token
            executions += 1
            try checkBeginning(of: job, on: worker)
            let session = workers[worker].session
            let duration = plan.cost[job] * workers[worker].slowness * (0.5 + random.around(0.5))
            events.add(.jobDone(worker: worker, session: session, job: job, token: token), at: now + duration)
            send(.toDispatcher(.started(worker: worker, session: session, job: job, token: token)))
        }
    }

    private func checkBeginning(of job: Int, on worker: Int) throws {
        if let input = plan.inputs[job].first(where: { values.recorded[$0] != .success }) {
            throw violation("job \(job) begins before its input \(input) is recorded")
        }
        for other in workers.indices where other != worker && workers[other].isReachable {
            guard workers[other].running[job] != nil, values.registrations[other] != nil else { continue }
            // A worker that was given up notices that at its next tick.
            guard values.assignments[other][job] != nil else { continue }
            throw violation("job \(job) runs on workers \(other) and \(worker) at once")
        }
    }

    func finish(_ job: Int, _ token: UInt64, on worker: Int) throws {
        guard workers[worker].isUp, workers[worker].running[job] == token else { return }
        guard !workers[worker].isHung else {
            events.add(.jobDone(worker: worker, session: workers[worker].session, job: job, token: token), at: now + 5)
            return
        }
        workers[worker].running[job] = nil
        let ending: JobScheduler.Ending =
            outagesUsed[job] < plan.outages[job] ? .infrastructure : plan.fails[job] ? .failure : .success
        let report = SimulatedValues.Report(token: token, ending: ending)
        if workers[worker].isPartitioned {
            workers[worker].unwritten.append((job, report))
            return
        }
        values.reports[job, default: []].append(report)
        send(.toDispatcher(.reported(job: job, report)))
        try beginNext(on: worker)
    }

    /// Compares the state of the worker with the expected one.
    func tick(_ worker: Int) throws {
        let session = workers[worker].session
        events.add(.workerTick(worker, session: session), at: now + 2)
        guard workers[worker].isReachable else { return }
        guard values.registrations[worker]?.session == session else { return register(worker) }
        for (job, token) in workers[worker].running where values.assignments[worker][job]?.token != token {
            workers[worker].running[job] = nil
        }
        for (job, assignment) in values.assignments[worker].sorted(by: { $0.key < $1.key })
        where assignment.session == session {
            try follow(assignment, job, worker)
        }
        try beginNext(on: worker)
        if !workers[worker].running.isEmpty { send(.toDispatcher(.progress(worker: worker, session: session))) }
    }

    func resume(_ worker: Int) throws { workers[worker].isHung = false }

    /// The worker is connected again: it writes pending values, and registers again.
    func heal(_ worker: Int) {
        guard workers[worker].isPartitioned else { return }
        workers[worker].isPartitioned = false
        for (job, report) in workers[worker].unwritten {
            values.reports[job, default: []].append(report)
            send(.toDispatcher(.reported(job: job, report)))
        }
        workers[worker].unwritten = []
        register(worker)
    }
}
