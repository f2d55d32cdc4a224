extension WorkerPool {
    /// Assigns a job to a free worker that can run it, or queues it.
    mutating func place(_ job: Int, _ actions: inout [Action]) {
        let requirement = Int(jobRequirement[job])
        if let worker = freeWorker(for: job) {
            assign(job, to: worker, &actions)
            // Workers that cannot run this job may run another one that is queued behind it.
            offerBacklog(of: worker, &actions)
        } else {
            status[job] = .queued
            queues[requirement].insert(Int(ranks[job]))
            nonempty.set(requirement, true)
        }
    }

    /// Assigns jobs to a worker while it has room for them.
    mutating func fill(_ worker: Int, _ actions: inout [Action]) {
        while seats[worker]?.isUsable == true, seats[worker]?.hasRoom == true, let job = nextJob(for: worker) {
            removeFromQueue(job)
            assign(job, to: worker, &actions)
        }
        if seats[worker]?.isUsable == true, seats[worker]?.hasFreeSlot == true { moveJob(to: worker, &actions) }
    }

    /// The queued job that the worker should run next.
    private mutating func nextJob(for worker: Int) -> Int? {
        guard let accepted = seats[worker]?.accepted.words, let cache = seats[worker]?.cache else { return nil }
        var best: (rank: Int, requirement: Int)?
        for (index, word) in nonempty.words.enumerated() where index < accepted.count {
            var common = word & accepted[index]
            while common != 0 {
                let requirement = index << 6 | common.trailingZeroBitCount
                common &= common - 1
                if let rank = firstRank(in: requirement, for: worker), rank > best?.rank ?? -1 {
                    best = (rank, requirement)
                }
            }
        }
        guard let best else { return nil }
        let first = Int(byRank[best.rank])
        guard sharers.count > 1, skips[best.requirement] < Self.skipLimit else {
            skips[best.requirement] = 0
            return first
        }
        let job = nearestJob(for: worker, after: first, best.rank, best.requirement, cache)
        skips[best.requirement] = job == first ? 0 : skips[best.requirement] + 1
        return job
    }

    /// The greatest rank of the queued jobs that are not to be tried on another worker.
    private func firstRank(in requirement: Int, for worker: Int) -> Int? {
        var first = queues[requirement].greatest
        while let rank = first, isLeftToOthers(Int(byRank[rank]), by: worker) {
            first = queues[requirement].greatest(below: rank)
        }
        return first
    }

    /// Of the next jobs with equal priority, the one with the most inputs in the cache.
    private func nearestJob(
        for worker: Int, after first: Int, _ rank: Int, _ requirement: Int, _ cache: Int
    ) -> Int {
        var (best, hits, rank) = (first, held(by: cache, of: first), rank)
        for _ in 0..<Self.window {
            guard let next = queues[requirement].greatest(below: rank) else { break }
            let job = Int(byRank[next])
            guard priorities[job] == priorities[first] else { break }
            let found = held(by: cache, of: job)
            if found > hits, !isLeftToOthers(job, by: worker) { (best, hits) = (job, found) }
            rank = next
        }
        return best
    }

    private func held(by cache: Int, of job: Int) -> Int {
        inputs[job].count { layerCache[Int($0)] == cache }
    }

    /// A worker with a free slot, otherwise one with room in its backlog; preferably one that has an input in its
    /// cache.
    private mutating func freeWorker(for job: Int) -> Int? {
        let capable = capableWorkers(for: job)
        if sharers.count > 1 {
            for input in inputs[job] where layerCache[Int(input)] >= 0 {
                let near = sharers[Int(layerCache[Int(input)])]
                if let worker = free.firstCommon(with: capable, and: near, from: cursor) { return worker }
            }
        }
        let worker =
            free.firstCommon(with: capable, from: cursor)
            ?? roomy.firstCommon(with: capable, from: cursor)
        if let worker { cursor = worker + 1 }
        return worker
    }

    private mutating func assign(_ job: Int, to worker: Int, _ actions: inout [Action]) {
        token += 1
        tokens[job] = token
        // A worker without jobs could not make progress.
        if seats[worker]?.jobs.isEmpty == true { seats[worker]?.lastProgress = now }
        give(job, to: worker, .assigned)
        actions.append(.assign(worker: worker, job: job, token: token))
    }

    /// Makes busy workers return jobs that they have not started, for idle workers.
    ///
    /// - Complexity: O(workers² / 64).
    mutating func balance(_ actions: inout [Action]) {
        for worker in seats.indices { offerBacklog(of: worker, &actions) }
    }

    /// Asks a worker to return one of the jobs that it has not started if an idle worker can run it.
    private mutating func offerBacklog(of worker: Int, _ actions: inout [Action]) {
        guard notBegun > 0, moving < freeWorkers else { return }
        let last = lastToMove(from: worker) { free.firstCommon(with: capableWorkers(for: $0), from: 0) != nil }
        if let last { move(last, &actions) }
    }

    /// Asks a busy worker to return a job that it has not started, for an idle worker: of the worker whose jobs wait
    /// longest, the one that it would start last.
    private mutating func moveJob(to worker: Int, _ actions: inout [Action]) {
        guard notBegun > 0, moving < freeWorkers, let accepted = seats[worker]?.accepted else { return }
        var best: (wait: Double, job: Int)?
        for other in seats.indices where other != worker {
            guard let wait = seats[other]?.wait, wait > best?.wait ?? 0,
                let last = lastToMove(
                    from: other,
                    where: { accepted.contains(Int(jobRequirement[$0])) && !isLeftToOthers($0, by: worker) })
            else { continue }
            best = (wait, last)
        }
        if let best { move(best.job, &actions) }
    }

    /// Of the jobs for which the worker has no free slot, the one that it would start last.
    private func lastToMove(from worker: Int, where isWanted: (Int) -> Bool) -> Int? {
        guard seats[worker]?.mayGiveJobs == true, let seat = seats[worker] else { return nil }
        let staying = seat.jobs.count { status[Int($0.job)] != .moving }
        guard staying > seat.worker.slots || !seat.isUsable else { return nil }
        return seat.jobs.map { Int($0.job) }
            .filter { status[$0] == .assigned && isWanted($0) }
            .min { ranks[$0] < ranks[$1] }
    }

    mutating func move(_ job: Int, _ actions: inout [Action]) {
        setStatus(job, .moving)
        actions.append(.revoke(worker: Int(holders[job]), job: job, token: tokens[job], stop: false))
    }

    // MARK: Further attempts

    /// The workers that can run a job: if it failed on some because of the infrastructure, the others if one of them
    /// takes jobs.
    private func capableWorkers(for job: Int) -> BitSet {
        var capable = capable[Int(jobRequirement[job])]
        guard !failedOn.isEmpty, let failed = failedOn[job], canRun(job, except: failed) else { return capable }
        for worker in failed { capable.set(worker, false) }
        return capable
    }

    /// Whether a job failed on the worker because of the infrastructure and is to be tried on others.
    private func isLeftToOthers(_ job: Int, by worker: Int) -> Bool {
        guard !failedOn.isEmpty, let failed = failedOn[job], failed.contains(worker) else { return false }
        return canRun(job, except: failed)
    }

    /// Whether a worker other than the one that has the job, on which it has not failed, takes such jobs.
    public func canRunElsewhere(_ job: Int) -> Bool {
        guard jobRequirement.indices.contains(job) else { return false }
        return canRun(job, except: (failedOn[job] ?? []) + [Int(holders[job])])
    }

    /// Whether another worker takes such jobs, now or when it has ended some.
    private func canRun(_ job: Int, except failed: [Int]) -> Bool {
        let capable = capable[Int(jobRequirement[job])]
        return seats.indices.contains { worker in
            guard capable.contains(worker), !failed.contains(worker), let seat = seats[worker] else { return false }
            return seat.isUsable && seat.worker.slots > 0
        }
    }

    /// Gives free workers the jobs that were left to others, if no others are there any more.
    mutating func fillFreeWorkers(_ actions: inout [Action]) {
        guard !failedOn.isEmpty else { return }
        for worker in seats.indices where free.contains(worker) { fill(worker, &actions) }
    }

    // MARK: Bookkeeping

    mutating func removeFromQueue(_ job: Int) {
        let requirement = Int(jobRequirement[job])
        queues[requirement].remove(Int(ranks[job]))
        if queues[requirement].isEmpty { nonempty.set(requirement, false) }
    }

    mutating func give(_ job: Int, to worker: Int, _ new: Status) {
        holders[job] = Int32(worker)
        places[job] = Int32(seats[worker]?.jobs.count ?? 0)
        seats[worker]?.jobs.append((Int32(job), nil))
        assigned += 1
        setStatus(job, new)
        updateRoom(of: worker)
    }

    /// Takes a job from its worker; it is idle then.
    mutating func release(_ job: Int) {
        let worker = Int(holders[job])
        setStatus(job, .idle)
        let place = Int(places[job])
        if let last = seats[worker]?.jobs.last {
            seats[worker]?.jobs[place] = last
            places[Int(last.job)] = Int32(place)
            seats[worker]?.jobs.removeLast()
        }
        (holders[job], places[job]) = (-1, -1)
        assigned -= 1
        updateRoom(of: worker)
    }

    /// Changes the status of an assigned job.
    mutating func setStatus(_ job: Int, _ new: Status) {
        let old = status[job]
        let worker = Int(holders[job])
        if old == .moving { moving -= 1 }
        if new == .moving { moving += 1 }
        if old == .assigned { (notBegun, seats[worker]!.notBegun) = (notBegun - 1, seats[worker]!.notBegun - 1) }
        if new == .assigned { (notBegun, seats[worker]!.notBegun) = (notBegun + 1, seats[worker]!.notBegun + 1) }
        status[job] = new
    }

    mutating func updateRoom(of worker: Int) {
        let isUsable = seats[worker]?.isUsable ?? false
        let wasFree = free.contains(worker)
        let isFree = isUsable && seats[worker]?.hasFreeSlot == true
        if wasFree != isFree {
            free.set(worker, isFree)
            freeWorkers += isFree ? 1 : -1
        }
        roomy.set(worker, isUsable && seats[worker]?.hasRoom == true)
    }
}
