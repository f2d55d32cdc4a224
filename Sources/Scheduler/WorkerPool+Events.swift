extension WorkerPool {
    /// Processes an event.
    ///
    /// An event that does not match the state is ignored.
    ///
    /// - Complexity: O(workers / 64 + requirements); for the arrival or loss of a worker and `clock` also its jobs or
    ///   O(workers); for the end of a move that gave a free worker nothing, O(workers² / 64).
    public mutating func handle(_ event: Event) -> [Action] {
        var actions: [Action] = []
        let wasMoving = moving
        switch event {
        case .add(let jobs): add(jobs)
        case .rank(let ranks): rank(ranks)
        case .register(let number, let worker, let at): register(number, worker, at: at, &actions)
        case .mode(let number, let mode): change(number, to: mode, &actions)
        case .lost(let number): lose(number, &actions)
        case .enqueue(let job): enqueue(job, &actions)
        case .withdraw(let job): withdraw(job, &actions)
        case .adopt(let worker, let job, let token, let isRunning): adopt(job, on: worker, token, isRunning)
        case .started(let worker, let job, let token, let at): start(job, on: worker, token, at: at)
        case .progress(let worker, let at): noteProgress(of: worker, at: at, &actions)
        case .returned(let worker, let job, let token): takeBack(job, from: worker, token, &actions)
        case .reported(let job, let token, let at): report(job, token, at: at, &actions)
        case .recorded(let job, let isTriedAgain): noteRecord(of: job, isTriedAgain: isTriedAgain, &actions)
        case .balance: balance(&actions)
        case .clock(let at): checkProgress(at: at, &actions)
        }
        switch event {
        case .register, .mode, .lost, .clock: fillFreeWorkers(&actions)
        default: break
        }
        // A job that was to move but did not leaves a free worker without a job.
        if moving < wasMoving { balance(&actions) }
        return actions
    }

    // MARK: Jobs

    private mutating func add(_ jobs: [Job]) {
        for job in jobs {
            jobRequirement.append(UInt16(number(of: job.requirement)))
            priorities.append(job.priority)
            costs.append(Float(job.cost))
            // A few inputs are enough to determine where a job is cheapest.
            inputs.append(ArraySlice(job.inputs.prefix(8).map(Int32.init)))
        }
        status.append(contentsOf: repeatElement(.idle, count: jobs.count))
        tokens.append(contentsOf: repeatElement(0, count: jobs.count))
        losses.append(contentsOf: repeatElement(0, count: jobs.count))
        holders.append(contentsOf: repeatElement(-1, count: jobs.count))
        places.append(contentsOf: repeatElement(-1, count: jobs.count))
        layerCache.append(contentsOf: repeatElement(-1, count: jobs.count))
        let first = ranks.count
        for job in first..<status.count {
            ranks.append(Int32(job))
            byRank.append(Int32(job))
        }
        for queue in queues.indices { queues[queue].reserve(status.count) }
    }

    private mutating func number(of requirement: Requirement) -> Int {
        if let known = requirementNumbers[requirement] { return known }
        let number = requirements.count
        requirementNumbers[requirement] = number
        requirements.append(requirement)
        queues.append(RankSet())
        skips.append(0)
        capable.append(BitSet())
        for worker in seats.indices {
            guard let seat = seats[worker] else { continue }
            let canRun = seat.worker.canRun(requirement)
            capable[number].set(worker, canRun)
            seats[worker]?.accepted.set(number, canRun)
        }
        return number
    }

    private mutating func rank(_ new: [Int32]) {
        precondition(new.count == status.count, "a rank for each job")
        ranks = new
        for (job, rank) in new.enumerated() { byRank[Int(rank)] = Int32(job) }
        for queue in queues.indices { queues[queue].removeAll() }
        for job in status.indices where status[job] == .queued {
            queues[Int(jobRequirement[job])].insert(Int(ranks[job]))
        }
    }

    private mutating func enqueue(_ job: Int, _ actions: inout [Action]) {
        switch status[job] {
        case .idle:
            losses[job] = 0
            place(job, &actions)
        case .stopping: status[job] = .stoppingBeforeQueued
        case .queued, .assigned, .moving, .running, .reported, .stoppingBeforeQueued: break
        }
    }

    private mutating func withdraw(_ job: Int, _ actions: inout [Action]) {
        switch status[job] {
        case .queued:
            removeFromQueue(job)
            status[job] = .idle
        case .assigned, .moving, .running:
            setStatus(job, .stopping)
            actions.append(.revoke(worker: Int(holders[job]), job: job, token: tokens[job], stop: true))
        case .stoppingBeforeQueued: status[job] = .stopping
        case .idle, .reported, .stopping: break
        }
    }

    // MARK: Assignments

    private mutating func adopt(_ job: Int, on worker: Int, _ former: UInt64, _ isRunning: Bool) {
        guard status[job] == .idle, former > tokens[job], seats.indices.contains(worker), seats[worker] != nil else {
            return
        }
        token = max(token, former)
        tokens[job] = former
        give(job, to: worker, isRunning ? .running : .assigned)
        if isRunning { seats[worker]?.jobs[Int(places[job])].began = now }
    }

    private mutating func start(_ job: Int, on worker: Int, _ token: UInt64, at: Duration) {
        now = max(now, at)
        guard isCurrent(job, worker, token), status[job] == .assigned || status[job] == .moving else { return }
        setStatus(job, .running)
        seats[worker]?.jobs[Int(places[job])].began = at
        seats[worker]?.lastProgress = now
    }

    private mutating func takeBack(_ job: Int, from worker: Int, _ token: UInt64, _ actions: inout [Action]) {
        guard isCurrent(job, worker, token), status[job] != .reported else { return }
        let isWanted = status[job] != .stopping
        release(job)
        // First another worker, because this one had a reason. If that worker has more free slots, more jobs may move
        // to it.
        if isWanted {
            place(job, &actions)
            if holders[job] >= 0 { fill(Int(holders[job]), &actions) }
        }
        // Without jobs, it can make no other progress.
        if seats[worker]?.jobs.isEmpty == true { revive(worker) }
        fill(worker, &actions)
    }

    private mutating func report(_ job: Int, _ token: UInt64, at: Duration, _ actions: inout [Action]) {
        now = max(now, at)
        guard status.indices.contains(job), tokens[job] == token, token != 0, status[job] != .idle else {
            actions.append(.discard(job: job, token: token))
            return
        }
        if status[job] == .queued {
            // The worker was lost, but its report was not.
            removeFromQueue(job)
            status[job] = .idle
            actions.append(.accept(job: job, token: token))
            return
        }
        let worker = Int(holders[job])
        learn(from: job, on: worker)
        seats[worker]?.lastProgress = now
        revive(worker)
        switch status[job] {
        case .assigned, .moving, .running:
            setStatus(job, .reported)
            actions.append(.accept(job: job, token: token))
        case .stopping, .stoppingBeforeQueued:
            actions.append(.discard(job: job, token: token))
            takeBack(job, from: worker, token, &actions)
        case .reported:
            actions.append(.discard(job: job, token: token))
            return
        case .idle, .queued: break
        }
        fill(worker, &actions)
    }

    private mutating func noteRecord(of job: Int, isTriedAgain: Bool, _ actions: inout [Action]) {
        guard status.indices.contains(job) else { return }
        if !isTriedAgain, !failedOn.isEmpty { failedOn[job] = nil }
        guard status[job] == .reported else { return }
        let worker = Int(holders[job])
        if isTriedAgain { failedOn[job, default: []].append(worker) }
        layerCache[job] = Int32(seats[worker]?.cache ?? -1)
        release(job)
        fill(worker, &actions)
    }

    private func isCurrent(_ job: Int, _ worker: Int, _ token: UInt64) -> Bool {
        status.indices.contains(job) && tokens[job] == token && holders[job] == worker
    }

    private mutating func learn(from job: Int, on worker: Int) {
        guard costs[job] > 0, let began = seats[worker]?.jobs[Int(places[job])].began,
            let slowness = seats[worker]?.slowness
        else { return }
        let ratio = min(max((now - began) / .seconds(1) / Double(costs[job]), 0.01), 100)
        seats[worker]?.slowness = slowness + (ratio - slowness) / 8
    }
}
