import Scheduler

extension Simulation {
    func schedule(_ fault: Fault) {
        let mean =
            switch fault {
            case .dispatcherCrash: options.dispatcherCrash
            case .workerCrash: options.workerCrash
            case .hang: options.hang
            case .partition: options.partition
            case .modeChange: options.modeChange
            case .taskCancellation: options.taskCancellation
            case .jobCancellation: options.jobCancellation
            case .retry: options.retry
            }
        if mean > 0 { events.add(.fault(fault), at: now + random.around(mean)) }
    }

    func inflict(_ fault: Fault) throws {
        let worker = random.below(workers.count)
        switch fault {
        case .dispatcherCrash:
            guard dispatcher != nil else { return }
            dispatcher = nil
            incarnation += 1
            model.restart()
            events.add(.startDispatcher, at: now + random.around(5))
        case .workerCrash:
            guard workers[worker].isUp else { return }
            endLease(of: worker)
            workers[worker].isUp = false
            workers[worker].isHung = false
            workers[worker].isPartitioned = false
            workers[worker].unwritten = []
            workers[worker].session += 1
            workers[worker].abandonAll()
            events.add(.startWorker(worker), at: now + random.around(20))
        case .hang:
            guard workers[worker].isReachable else { return }
            workers[worker].isHung = true
            events.add(.resume(worker), at: now + random.around(60))
        case .partition:
            guard workers[worker].isReachable else { return }
            workers[worker].isPartitioned = true
            endLease(of: worker)
            events.add(.heal(worker), at: now + random.around(30))
        case .modeChange:
            try setMode(random.chance(0.5) ? .paused : .draining, of: worker)
            events.add(.setMode(worker, .ready), at: now + random.around(20))
        case .taskCancellation: try cancelTask()
        case .jobCancellation: try cancelJob()
        case .retry: try retryJob()
        }
    }

    private func endLease(of worker: Int) {
        values.registrations[worker] = nil
        send(.toDispatcher(.registered(worker)))
    }

    func setMode(_ mode: WorkerPool.Mode, of worker: Int) throws {
        guard let registration = values.registrations[worker] else { return }
        values.registrations[worker]?.mode = mode
        guard dispatcher != nil, known[worker] == registration.session else { return }
        modes[worker] = mode
        updateUse(of: worker)
        try handle(.worker(.mode(worker, mode)))
    }

    private func cancelTask() throws {
        let task = random.below(plan.tasks.count)
        guard values.submitted[task], !values.cancelledTasks[task], dispatcher != nil else { return }
        guard dispatcher?.tasks.states[taskNumbers[task]] != .complete else { return }
        values.cancelledTasks[task] = true
        if dispatched.contains(task) { model.unwant(plan.tasks[task].wanted) }
        try handle(.cancelTask(taskNumbers[task]))
    }

    private func cancelJob() throws {
        guard !jobs.isEmpty, dispatcher != nil else { return }
        let job = jobs[random.below(jobs.count)]
        guard values.recorded[job] == nil else { return }
        values.recorded[job] = .cancelled
        model.setCancelled(job, true)
        try handle(.cancel([numbers[job]]))
    }

    private func retryJob() throws {
        guard !jobs.isEmpty, dispatcher != nil else { return }
        let failed = jobs.filter { values.recorded[$0] == .failure || values.recorded[$0] == .cancelled }
        guard !failed.isEmpty else { return }
        let job = failed[random.below(failed.count)]
        values.recorded[job] = nil
        plan.heal(job)
        model.setCancelled(job, false)
        model.record(job, nil)
        try handle(.retry(numbers[job]))
    }
}
