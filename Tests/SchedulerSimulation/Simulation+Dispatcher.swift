import Scheduler

extension Simulation {
    var time: Duration { .milliseconds(Int64(now * 1000)) }

    /// Starts a dispatcher, which reads only the records and the ephemeral values.
    func startDispatcher() throws {
        incarnation += 1
        values.epoch += 1
        dispatcher = Dispatcher(
            workers: WorkerPool(
                epoch: values.epoch, stallTime: .seconds(Self.stallTime), evictionTime: .seconds(Self.evictionTime)))
        model.restart()
        for worker in workers.indices { known[worker] = nil }
        stalled = []
        for job in numbers.indices { numbers[job] = -1 }
        (jobs, tasks, dispatched, resting, begun) = ([], [], [], [], [])
        for worker in workers.indices { try noticeRegistration(of: worker) }
        for task in plan.tasks.indices where values.submitted[task] { try submit(task) }
        events.add(.dispatcherClock(incarnation: incarnation), at: now + 1)
    }

    /// Lets the state machines process an event, and executes their actions.
    func handle(_ event: Dispatcher.Event) throws {
        var open = advance(event)
        var next = 0
        while next < open.count {
            open += try perform(open[next])
            next += 1
        }
        if let target = model.idleTarget { throw violation("a job of t\(target) waits although a worker is free") }
    }

    private func advance(_ event: Dispatcher.Event) -> [Dispatcher.Action] {
        machineEvents += 1
        return dispatcher?.handle(event) ?? []
    }

    private func perform(_ action: Dispatcher.Action) throws -> [Dispatcher.Action] {
        switch action {
        case .plan(let number):
            events.add(.planned(task: tasks[number], incarnation: incarnation), at: now + random.around(1))
        case .complete(let number): try checkCompletion(of: tasks[number])
        case .worker(let action): return try perform(action)
        // The clock ticks anyway.
        case .stopPlanning, .block, .drop, .withdraw, .reopen, .wake: break
        }
        return []
    }

    private func perform(_ action: WorkerPool.Action) throws -> [Dispatcher.Action] {
        switch action {
        case .assign(let worker, let number, let token): try assign(jobs[number], to: worker, token)
        case .revoke(let worker, let number, let token, let stop): revoke(jobs[number], from: worker, token, stop)
        case .accept(let number, let token): return try accept(jobs[number], token)
        case .discard(let number, let token):
            let job = jobs[number]
            if tokens[job] == token { model.hold(job, by: -1) }
            values.removeReport(of: job, token)
            for worker in workers.indices where values.assignments[worker][job]?.token == token {
                values.assignments[worker][job] = nil
            }
        case .stalled(let worker):
            stalled.insert(worker)
            updateUse(of: worker)
        case .evict(let worker):
            values.registrations[worker] = nil
            forget(worker)
        case .giveUp(let number): return noteOutage(of: jobs[number])
        }
        return []
    }

    /// Updates in the model whether the dispatcher may use the worker.
    func updateUse(of worker: Int) {
        model.setUsable(worker, known[worker] != nil && modes[worker] == .ready && !stalled.contains(worker))
    }

    // MARK: Assignments

    private func assign(_ job: Int, to worker: Int, _ token: UInt64) throws {
        if let objection = model.objection(toAssigning: job, to: worker) { throw violation(objection) }
        if token <= tokens[job] { throw violation("token \(token) of job \(job) is not greater than \(tokens[job])") }
        tokens[job] = token
        if model.held[worker].isEmpty { lastSign[worker] = now }
        model.hold(job, by: worker)
        values.assignments[worker][job] = .init(token: token, session: known[worker] ?? 0)
        send(.toWorker(worker, session: workers[worker].session, .assigned(job: job, token: token)))
    }

    private func revoke(_ job: Int, from worker: Int, _ token: UInt64, _ stop: Bool) {
        guard let assignment = values.assignments[worker][job], assignment.token == token else { return }
        let session = workers[worker].session
        if !stop, assignment.isBegun {
            let message = ToDispatcher.started(worker: worker, session: session, job: job, token: token)
            events.add(.toDispatcher(message), at: now)
            return
        }
        values.assignments[worker][job]?.revocation = stop ? .stop : .move
        send(.toWorker(worker, session: session, .revoked(job: job, token: token)))
    }

    private func accept(_ job: Int, _ token: UInt64) throws -> [Dispatcher.Action] {
        guard let report, report.token == token else { throw violation("job \(job) is accepted without a report") }
        if values.recorded[job] == .cancelled || !model.isWanted(job) {
            throw violation("job \(job) is recorded although it is cancelled")
        }
        if values.recorded[job] != nil { throw violation("job \(job) is recorded twice") }
        if model.unmet[job] > 0 { throw violation("job \(job) is recorded before its inputs") }
        values.removeReport(of: job, token)
        for worker in workers.indices where values.assignments[worker][job]?.token == token {
            values.assignments[worker][job] = nil
        }
        let holder = model.holder[job]
        model.hold(job, by: -1)
        if report.ending == .infrastructure {
            outagesUsed[job] += 1
            return noteOutage(of: job, on: holder)
        }
        values.recorded[job] = report.ending
        model.record(job, report.ending)
        return advance(.recorded(numbers[job], report.ending, at: time))
    }

    /// - Parameter worker: The worker that has reported it; -1 if it was lost before.
    private func noteOutage(of job: Int, on worker: Int = -1) -> [Dispatcher.Action] {
        let actions = advance(.recorded(numbers[job], .infrastructure, at: time))
        if dispatcher?.jobs.state(of: numbers[job]) == .failed {
            model.noteOutage(of: job, on: nil)
            model.setRest(job, until: .infinity)
        } else {
            if worker >= 0 { model.noteOutage(of: job, on: worker) }
            for case .wake(let at) in actions {
                resting.append((job, at))
                model.setRest(job, until: now)
            }
        }
        return actions
    }

    // MARK: Tasks

    func submit(_ task: Int) throws {
        guard dispatcher != nil else { return }
        taskNumbers[task] = tasks.count
        tasks.append(task)
        try handle(.submit(priority: plan.tasks[task].priority))
        if values.cancelledTasks[task] { try handle(.cancelTask(taskNumbers[task])) }
    }

    func dispatch(_ task: Int) throws {
        let number = taskNumbers[task]
        guard dispatcher?.tasks.states[number] == .planning else { return }
        dispatched.insert(task)
        let wanted = plan.tasks[task].wanted
        let known = wanted.filter { numbers[$0] >= 0 }.map { numbers[$0] }
        let new = wanted.filter { numbers[$0] < 0 }
        for job in new {
            numbers[job] = jobs.count
            jobs.append(job)
        }
        let isNew = Set(new)
        model.dispatch(wanted) { isNew.contains($0) }
        try handle(.planned(task: number, new: new.map(description), known: known))
    }

    private func description(of job: Int) -> Dispatcher.Job {
        var assignment: Dispatcher.Assignment?
        for worker in workers.indices where known[worker] != nil {
            guard let held = values.assignments[worker][job], held.session == known[worker],
                held.token > assignment?.token ?? 0
            else { continue }
            assignment = .init(worker: worker, token: held.token, isRunning: held.isBegun)
        }
        if let assignment {
            model.hold(job, by: assignment.worker)
            tokens[job] = max(tokens[job], assignment.token)
        }
        return Dispatcher.Job(
            JobScheduler.Job(
                inputs: plan.inputs[job].map { numbers[$0] }, priority: plan.priority[job], cost: plan.cost[job],
                recorded: values.recorded[job]),
            requirement: .init(target: "t\(plan.target[job])"), assignment: assignment)
    }

    private func checkCompletion(of task: Int) throws {
        for job in plan.tasks[task].wanted {
            let isSettled = values.recorded[job] != nil || model.rest[job] == .infinity || model.unmet[job] > 0
            if !isSettled { throw violation("task \(task) is complete, but job \(job) is not") }
        }
    }
}
