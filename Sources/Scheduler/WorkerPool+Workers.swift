extension WorkerPool {
    mutating func register(_ number: Int, _ worker: Worker, at: Duration, _ actions: inout [Action]) {
        now = max(now, at)
        if seats.indices.contains(number), seats[number] != nil { lose(number, &actions) }
        while seats.count <= number { seats.append(nil) }
        var seat = Seat(worker: worker, lastProgress: now)
        for (index, requirement) in requirements.enumerated() {
            let canRun = worker.canRun(requirement)
            seat.accepted.set(index, canRun)
            capable[index].set(number, canRun)
        }
        seat.cache = caches[worker.cache] ?? caches.count
        caches[worker.cache] = seat.cache
        if seat.cache == sharers.count { sharers.append(BitSet()) }
        sharers[seat.cache].set(number, true)
        seats[number] = seat
        updateRoom(of: number)
        fill(number, &actions)
    }

    mutating func change(_ number: Int, to mode: Mode, _ actions: inout [Action]) {
        guard seats.indices.contains(number), seats[number] != nil else { return }
        seats[number]?.worker.mode = mode
        updateRoom(of: number)
        if mode == .ready { fill(number, &actions) } else { returnBacklog(of: number, &actions) }
    }

    mutating func lose(_ number: Int, _ actions: inout [Action]) {
        guard seats.indices.contains(number), let seat = seats[number] else { return }
        seats[number]?.worker.mode = .draining
        updateRoom(of: number)
        for job in seat.jobs.map({ Int($0.job) }).sorted(by: { ranks[$0] > ranks[$1] }) {
            let last = status[job]
            release(job)
            if last == .stopping || last == .reported { continue }
            if last == .running {
                losses[job] += 1
                if losses[job] > lossLimit {
                    actions.append(.giveUp(job: job))
                    continue
                }
            }
            place(job, &actions)
        }
        sharers[seat.cache].set(number, false)
        for requirement in capable.indices { capable[requirement].set(number, false) }
        seats[number] = nil
    }

    mutating func noteProgress(of number: Int, at: Duration, _ actions: inout [Action]) {
        now = max(now, at)
        guard seats.indices.contains(number), seats[number] != nil else { return }
        seats[number]?.lastProgress = now
        guard seats[number]?.isStalled == true else { return }
        revive(number)
        fill(number, &actions)
    }

    mutating func revive(_ number: Int) {
        guard seats[number]?.isStalled == true else { return }
        seats[number]?.isStalled = false
        updateRoom(of: number)
    }

    /// Detects busy workers that make no progress. One whose jobs are all reported waits for their recording.
    mutating func checkProgress(at: Duration, _ actions: inout [Action]) {
        now = max(now, at)
        guard stallTime != nil || evictionTime != nil else { return }
        for number in seats.indices {
            guard let seat = seats[number], !seat.jobs.isEmpty else { continue }
            guard seat.jobs.contains(where: { status[Int($0.job)] != .reported }) else {
                seats[number]?.lastProgress = now
                continue
            }
            let silence = now - seat.lastProgress
            if let evictionTime, silence > evictionTime {
                actions.append(.evict(worker: number))
                lose(number, &actions)
            } else if let stallTime, silence > stallTime, !seat.isStalled {
                seats[number]?.isStalled = true
                updateRoom(of: number)
                actions.append(.stalled(worker: number))
                returnBacklog(of: number, &actions)
            }
        }
    }

    /// Asks the worker to return the jobs that it has not started.
    private mutating func returnBacklog(of number: Int, _ actions: inout [Action]) {
        for (job, _) in seats[number]?.jobs ?? [] where status[Int(job)] == .assigned { move(Int(job), &actions) }
    }
}
