import Scheduler

/// Invariants of every step, independent of the state machines: derived from the actions and from the recorded results.
struct InvariantModel {
    let plan: SimulatedPlan
    let workers: [WorkerPool.Worker]
    /// For each target the workers that can run it.
    private let accepts: [[Bool]]

    /// The number of dispatched tasks that need each job.
    private var wanted: [Int]
    private(set) var unmet: [Int]
    private var isRecorded: [Bool]
    private var isCancelled: [Bool]
    /// The time until which jobs pause after an infrastructure failure; infinity: they failed permanently.
    private(set) var rest: [Double]
    /// The number of tasks that had been dispatched when the job was added, and when it became ready.
    private var batch: [Int]
    private var readySince: [Int]
    private var batches = 0
    private var skips = 0

    /// The workers on which the infrastructure failed, for each job that is tried again.
    private var failedOn: [Int: Set<Int>] = [:]
    /// Those of them that are ready.
    private var readyAgain: Set<Int> = []

    /// The worker to which each job is assigned.
    private(set) var holder: [Int]
    private(set) var held: [Set<Int>]
    private var isUsable: [Bool]

    private var isReady: [Bool]
    private var ready: [Int]
    private var readyOld: [Int]
    private var countedOld: Set<Int> = []
    private var free: [Int]
    private var isFree: [Bool]

    init(_ plan: SimulatedPlan, _ workers: [WorkerPool.Worker], targets: Int) {
        (self.plan, self.workers) = (plan, workers)
        accepts = (0..<targets).map { target in workers.map { $0.targets?.contains("t\(target)") ?? true } }
        let jobs = plan.inputs.count
        wanted = Array(repeating: 0, count: jobs)
        unmet = plan.inputs.map(\.count)
        isRecorded = Array(repeating: false, count: jobs)
        (isCancelled, isReady) = (isRecorded, isRecorded)
        rest = Array(repeating: 0, count: jobs)
        (batch, readySince) = (wanted, wanted)
        holder = Array(repeating: -1, count: jobs)
        held = Array(repeating: [], count: workers.count)
        isUsable = Array(repeating: false, count: workers.count)
        isFree = isUsable
        ready = Array(repeating: 0, count: targets)
        (readyOld, free) = (ready, ready)
    }

    /// The dispatcher has ended: all tasks, workers and assignments are forgotten.
    mutating func restart() {
        defer { for job in wanted.indices { update(job) } }
        for job in wanted.indices {
            wanted[job] = 0
            rest[job] = 0
            holder[job] = -1
        }
        (batches, failedOn) = (0, [:])
        for job in batch.indices { (batch[job], readySince[job]) = (0, 0) }
        for worker in held.indices {
            held[worker] = []
            setUsable(worker, false)
        }
    }

    // MARK: Changes

    mutating func dispatch(_ jobs: [Int], isNew: (Int) -> Bool) {
        batches += 1
        for job in jobs {
            wanted[job] += 1
            if isNew(job) { batch[job] = batches }
        }
        for job in wanted.indices where wanted[job] > 0 { update(job) }
    }

    mutating func unwant(_ jobs: [Int]) {
        for job in jobs {
            wanted[job] -= 1
            update(job)
        }
    }

    mutating func setCancelled(_ job: Int, _ isCancelled: Bool) {
        self.isCancelled[job] = isCancelled
        update(job)
    }

    /// Records the result of a job; nil removes it.
    mutating func record(_ job: Int, _ ending: JobScheduler.Ending?) {
        if isRecorded[job] != (ending != nil) { isRecorded[job] = ending != nil }
        failedOn[job] = nil
        rest[job] = 0
        if ending == .success {
            for dependent in plan.dependents[job] {
                unmet[dependent] -= 1
                update(dependent)
            }
        }
        update(job)
    }

    mutating func setRest(_ job: Int, until time: Double) {
        rest[job] = time
        update(job)
    }

    /// Notes that the infrastructure failed on a worker; nil if the job is not tried again.
    mutating func noteOutage(of job: Int, on worker: Int?) {
        if let worker { failedOn[job, default: []].insert(worker) } else { failedOn[job] = nil }
        update(job)
    }

    mutating func hold(_ job: Int, by worker: Int) {
        let last = holder[job]
        holder[job] = worker
        if last >= 0 {
            held[last].remove(job)
            updateFree(last)
        }
        if worker >= 0 {
            held[worker].insert(job)
            updateFree(worker)
        }
        update(job)
    }

    /// Removes all jobs from a lost worker.
    mutating func releaseAll(of worker: Int) {
        for job in held[worker].sorted() { hold(job, by: -1) }
        setUsable(worker, false)
    }

    mutating func setUsable(_ worker: Int, _ usable: Bool) {
        isUsable[worker] = usable
        updateFree(worker)
    }

    // MARK: Checks

    func isWanted(_ job: Int) -> Bool { wanted[job] > 0 && !isCancelled[job] }

    /// The error of an assignment; nil if it is correct.
    mutating func objection(toAssigning job: Int, to worker: Int) -> String? {
        if isRecorded[job] { return "job \(job) is assigned although it is recorded" }
        if !isWanted(job) { return "job \(job) is assigned although it is cancelled" }
        if unmet[job] > 0 { return "job \(job) is assigned before its inputs are done" }
        if holder[job] >= 0 { return "job \(job) is assigned to worker \(worker) while worker \(holder[job]) has it" }
        if !accepts[plan.target[job]][worker] { return "worker \(worker) cannot run job \(job)" }
        if !isUsable[worker] { return "worker \(worker) gets job \(job) although it is not usable" }
        if held[worker].count >= workers[worker].slots + workers[worker].backlog {
            return "worker \(worker) has no room"
        }
        if isLeftToOthers(job, by: worker) {
            return "job \(job) is tried again on worker \(worker) although another one can run it"
        }
        return starvation(byAssigning: job, to: worker)
    }

    private func isLeftToOthers(_ job: Int, by worker: Int) -> Bool {
        guard let failed = failedOn[job], failed.contains(worker) else { return false }
        return workers.indices.contains { isUsable[$0] && accepts[plan.target[job]][$0] && !failed.contains($0) }
    }

    /// Jobs overtaken by many later tasks come first, except for a few preferred ones.
    private mutating func starvation(byAssigning job: Int, to worker: Int) -> String? {
        let isYoung = batches - batch[job] < 8
        let isOvertaking = isYoung && readyOld.indices.contains { readyOld[$0] > 0 && accepts[$0][worker] }
        skips = isOvertaking ? skips + 1 : 0
        return skips > WorkerPool.skipLimit * readyOld.count ? "job \(job) overtakes jobs that wait too long" : nil
    }

    /// A target of which a job is ready although a worker is free for it.
    var idleTarget: Int? {
        ready.indices.first { ready[$0] > 0 && free[$0] > 0 }
            ?? readyAgain.first { job in
                workers.indices.contains {
                    isFree[$0] && accepts[plan.target[job]][$0] && !isLeftToOthers(job, by: $0)
                }
            }.map { plan.target[$0] }
    }

    private func isOld(_ job: Int) -> Bool { batches - readySince[job] >= 8 }

    private mutating func update(_ job: Int) {
        let isReadyNow =
            wanted[job] > 0 && !isCancelled[job] && !isRecorded[job] && unmet[job] == 0 && rest[job] == 0
            && holder[job] < 0
        // A job that is tried again may have to wait for another worker.
        let now = isReadyNow && failedOn[job] == nil
        if isReadyNow, failedOn[job] != nil { readyAgain.insert(job) } else { readyAgain.remove(job) }
        if now, !isReady[job] { readySince[job] = batches }
        if isReady[job] != now { ready[plan.target[job]] += now ? 1 : -1 }
        isReady[job] = now
        // Which jobs are old changes when a task is dispatched; then all are updated.
        let isReadyAndOld = now && isOld(job)
        guard isReadyAndOld != countedOld.contains(job) else { return }
        readyOld[plan.target[job]] += isReadyAndOld ? 1 : -1
        if isReadyAndOld { countedOld.insert(job) } else { countedOld.remove(job) }
    }

    private mutating func updateFree(_ worker: Int) {
        let now = isUsable[worker] && held[worker].count < workers[worker].slots
        guard isFree[worker] != now else { return }
        isFree[worker] = now
        for target in free.indices where accepts[target][worker] { free[target] += now ? 1 : -1 }
    }
}
