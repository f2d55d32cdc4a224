import Scheduler
import TestSupport
import Testing

/// Jobs that were assigned and not begun move to idle workers, whatever events happen in between.
@Suite struct WorkerBalanceTests {
    private typealias Action = WorkerPool.Action

    /// The assignment of jobs to workers according to the pool's actions, separate from the pool.
    private struct Model {
        struct Assignment {
            var worker: Int
            var token: UInt64
            var hasBegun = false
            var isRevoked = false
        }
        var pool = WorkerPool()
        var workers: [WorkerPool.Worker?]
        let targets: [String]
        var assignments: [Int: Assignment] = [:]
        var ended: Set<Int> = []

        init(workers: Int, jobs: [String]) {
            self.workers = Array(repeating: nil, count: workers)
            targets = jobs
            _ = pool.handle(.add(jobs.map { .init(requirement: .init(target: $0)) }))
        }

        mutating func handle(_ event: WorkerPool.Event) {
            for action in pool.handle(event) {
                switch action {
                case .assign(let worker, let job, let token):
                    assignments[job] = Assignment(worker: worker, token: token)
                case .revoke(_, let job, _, _): assignments[job]?.isRevoked = true
                case .accept(let job, _): ended.insert(job)
                case .discard, .stalled, .evict, .giveUp: break
                }
            }
        }

        private func jobs(of worker: Int) -> [(job: Int, assignment: Assignment)] {
            assignments.filter { $0.value.worker == worker }.map { ($0.key, $0.value) }
        }

        private func canRun(_ job: Int, _ worker: WorkerPool.Worker) -> Bool {
            worker.targets?.contains(targets[job]) ?? true
        }

        /// A job that should be on its way to a free worker, while none is.
        var forgotten: Int? {
            let free = workers.indices.filter { number in
                guard let worker = workers[number], worker.mode == .ready else { return false }
                return jobs(of: number).count < worker.slots
            }
            // The end of a move is the occasion of the next one.
            guard !assignments.values.contains(where: { $0.isRevoked && !$0.hasBegun }) else { return nil }
            for number in workers.indices {
                guard let worker = workers[number] else { continue }
                let held = jobs(of: number).filter { $0.assignment.hasBegun || !$0.assignment.isRevoked }
                guard held.count > worker.slots || worker.mode != .ready else { continue }
                for (job, assignment) in held
                where !assignment.hasBegun && !assignment.isRevoked && !ended.contains(job) {
                    if free.contains(where: { $0 != number && canRun(job, workers[$0]!) }) { return job }
                }
            }
            return nil
        }

        /// Something that can happen in this state.
        mutating func step(_ random: inout SeededGenerator) -> String {
            let number = workers.indices.randomElement(using: &random)!
            let job = targets.indices.randomElement(using: &random)!
            let assignment = assignments[job]
            switch Int.random(in: 0..<10, using: &random) {
            case 0:
                let sets: [Set<String>?] = [nil, ["a"], ["b"]]
                let worker = WorkerPool.Worker(
                    targets: sets.randomElement(using: &random)!, slots: Int.random(in: 1...2, using: &random),
                    backlog: Int.random(in: 0...3, using: &random))
                guard workers[number] == nil else { return "" }
                workers[number] = worker
                handle(.register(number, worker, at: .zero))
                return "register \(number)"
            case 1:
                guard workers[number] != nil, Int.random(in: 0..<4, using: &random) == 0 else { return "" }
                workers[number] = nil
                for (job, assignment) in assignments where assignment.worker == number { assignments[job] = nil }
                handle(.lost(number))
                return "lose \(number)"
            case 2:
                guard workers[number] != nil else { return "" }
                let mode: WorkerPool.Mode = [.ready, .ready, .paused].randomElement(using: &random)!
                workers[number]?.mode = mode
                handle(.mode(number, mode))
                return "mode \(number) \(mode)"
            case 3, 4, 5:
                guard !ended.contains(job) else { return "" }
                handle(.enqueue(job))
                return "enqueue \(job)"
            case 6, 7:
                guard let assignment, !assignment.hasBegun, !ended.contains(job) else { return "" }
                assignments[job]?.hasBegun = true
                handle(.started(worker: assignment.worker, job: job, token: assignment.token, at: .zero))
                return "start \(job)"
            case 8:
                guard let assignment, assignment.isRevoked, !assignment.hasBegun, !ended.contains(job) else {
                    return ""
                }
                assignments[job] = nil
                handle(.returned(worker: assignment.worker, job: job, token: assignment.token))
                return "return \(job)"
            default:
                guard let assignment, assignment.hasBegun else { return "" }
                if ended.contains(job) {
                    assignments[job] = nil
                    handle(.recorded(job))
                    return "record \(job)"
                }
                handle(.reported(job: job, token: assignment.token, at: .zero))
                return "report \(job)"
            }
        }
    }

    @Test func noWorkerIsIdleWhileWorkWaits() {
        var random = SeededGenerator()
        for _ in 0..<300 {
            var model = Model(workers: 4, jobs: (0..<12).map { _ in Bool.random(using: &random) ? "a" : "b" })
            var steps: [String] = []
            for _ in 0..<300 {
                let step = model.step(&random)
                guard !step.isEmpty else { continue }
                steps.append(step)
                if let job = model.forgotten {
                    Issue.record(
                        "job \(job) waits for its worker beside a free one after \(steps): \(model.workers), \(model.assignments)"
                    )
                    return
                }
            }
        }
    }

    @Test func aJobThatBeginsWhileItIsToMoveLetsAnotherMove() {
        var pool = WorkerPool()
        _ = pool.handle(.add([.init(requirement: .init(target: "t")), .init(requirement: .init(target: "t"))]))
        _ = pool.handle(.register(0, .init(slots: 1, backlog: 1), at: .zero))
        for job in 0..<2 { _ = pool.handle(.enqueue(job)) }
        guard case .revoke(_, let first, let token, _)? = pool.handle(.register(1, .init(slots: 1), at: .zero)).first
        else {
            Issue.record("nothing moves")
            return
        }
        let actions = pool.handle(.started(worker: 0, job: first, token: token, at: .zero))
        #expect(actions == [.revoke(worker: 0, job: 1 - first, token: 3 - token, stop: false)])
    }
}
