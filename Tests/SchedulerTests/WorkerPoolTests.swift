import Scheduler
import Testing

@Suite struct WorkerPoolTests {
    private typealias Action = WorkerPool.Action

    /// A pool with jobs for target `t`, each of which runs before those with greater numbers.
    private func pool(_ jobs: Int, target: (Int) -> String = { _ in "t" }, stall: Duration? = nil) -> WorkerPool {
        var pool = WorkerPool(stallTime: stall, evictionTime: stall.map { $0 * 2 })
        _ = pool.handle(.add((0..<jobs).map { .init(requirement: .init(target: target($0))) }))
        _ = pool.handle(.rank((0..<jobs).map { Int32(jobs - 1 - $0) }))
        return pool
    }

    private func assigned(_ actions: [Action]) -> [Int] {
        actions.compactMap { if case .assign(_, let job, _) = $0 { job } else { nil } }
    }

    @Test func jobsGoToWorkersThatCanRunThem() {
        var pool = WorkerPool()
        _ = pool.handle(
            .add([
                .init(requirement: .init(target: "a")), .init(requirement: .init(target: "b")),
                .init(requirement: .init(target: "b", labels: ["big"])),
            ]))
        for job in 0..<3 { #expect(pool.handle(.enqueue(job)) == []) }
        #expect(assigned(pool.handle(.register(0, .init(targets: ["a"], slots: 3), at: .zero))) == [0])
        #expect(assigned(pool.handle(.register(1, .init(targets: ["b"], slots: 3), at: .zero))) == [1])
        #expect(assigned(pool.handle(.register(2, .init(labels: ["big", "fast"], slots: 1), at: .zero))) == [2])
    }

    @Test func theGreatestRankIsFirstAndSlotsAreKept() {
        var pool = pool(4)
        for job in [3, 1, 2, 0] { _ = pool.handle(.enqueue(job)) }
        let actions = pool.handle(.register(0, .init(slots: 2), at: .zero))
        #expect(actions == [.assign(worker: 0, job: 0, token: 1), .assign(worker: 0, job: 1, token: 2)])
        #expect(pool.handle(.reported(job: 1, token: 2, at: .zero)) == [.accept(job: 1, token: 2)])
        #expect(pool.handle(.recorded(1)) == [.assign(worker: 0, job: 2, token: 3)])
    }

    @Test func aReportUnderAnOldTokenIsDiscarded() {
        var pool = pool(1)
        _ = pool.handle(.register(0, .init(slots: 1), at: .zero))
        #expect(pool.handle(.enqueue(0)) == [.assign(worker: 0, job: 0, token: 1)])
        _ = pool.handle(.register(1, .init(slots: 1), at: .zero))
        #expect(pool.handle(.lost(0)) == [.assign(worker: 1, job: 0, token: 2)])
        #expect(pool.handle(.reported(job: 0, token: 1, at: .zero)) == [.discard(job: 0, token: 1)])
        #expect(pool.handle(.reported(job: 0, token: 2, at: .zero)) == [.accept(job: 0, token: 2)])
        #expect(pool.handle(.reported(job: 0, token: 2, at: .zero)) == [.discard(job: 0, token: 2)])
    }

    @Test func theLastReportOfALostWorkerCountsUntilAnotherHasTheJob() {
        var pool = pool(1)
        _ = pool.handle(.register(0, .init(slots: 1), at: .zero))
        _ = pool.handle(.enqueue(0))
        _ = pool.handle(.lost(0))
        #expect(pool.handle(.reported(job: 0, token: 1, at: .zero)) == [.accept(job: 0, token: 1)])
        #expect(pool.handle(.register(1, .init(slots: 1), at: .zero)) == [])
    }

    @Test func aWithdrawnJobIsStoppedAndRunsAgainOnlyAfterThat() {
        var pool = pool(1)
        _ = pool.handle(.register(0, .init(slots: 1), at: .zero))
        _ = pool.handle(.enqueue(0))
        _ = pool.handle(.started(worker: 0, job: 0, token: 1, at: .zero))
        _ = pool.handle(.register(1, .init(slots: 1), at: .zero))
        #expect(pool.handle(.withdraw(0)) == [.revoke(worker: 0, job: 0, token: 1, stop: true)])
        #expect(pool.handle(.enqueue(0)) == [], "it may still run")
        #expect(assigned(pool.handle(.reported(job: 0, token: 1, at: .zero))) == [0])
        #expect(pool.handle(.withdraw(0)).count == 1)
        #expect(pool.handle(.returned(worker: pool.worker(of: 0)!, job: 0, token: 2)) == [])
        #expect(pool.assigned == 0)
    }

    @Test func workMovesFromABusyWorkerToAnIdleOne() {
        var pool = pool(2)
        _ = pool.handle(.register(0, .init(slots: 1, backlog: 1), at: .zero))
        #expect(pool.handle(.enqueue(0)) == [.assign(worker: 0, job: 0, token: 1)])
        _ = pool.handle(.started(worker: 0, job: 0, token: 1, at: .zero))
        #expect(pool.handle(.enqueue(1)) == [.assign(worker: 0, job: 1, token: 2)])
        #expect(
            pool.handle(.register(1, .init(slots: 1), at: .zero)) == [
                .revoke(worker: 0, job: 1, token: 2, stop: false)
            ])
        #expect(
            pool.handle(.returned(worker: 0, job: 1, token: 2)) == [.assign(worker: 1, job: 1, token: 3)])
    }

    @Test func startedJobsAreNotMoved() {
        var pool = pool(2)
        _ = pool.handle(.register(0, .init(slots: 1, backlog: 1), at: .zero))
        for job in 0..<2 { _ = pool.handle(.enqueue(job)) }
        _ = pool.handle(.register(1, .init(slots: 1), at: .zero))
        for job in 0..<2 { _ = pool.handle(.started(worker: 0, job: job, token: UInt64(job + 1), at: .zero)) }
        #expect(pool.worker(of: 0) == 0)
        #expect(pool.worker(of: 1) == 0)
    }

    @Test func pausedAndDrainingWorkersGetNothing() {
        for mode in [WorkerPool.Mode.paused, .draining] {
            var pool = pool(2)
            _ = pool.handle(.register(0, .init(slots: 1, backlog: 1), at: .zero))
            for job in 0..<2 { _ = pool.handle(.enqueue(job)) }
            _ = pool.handle(.started(worker: 0, job: 0, token: 1, at: .zero))
            #expect(pool.handle(.mode(0, mode)) == [.revoke(worker: 0, job: 1, token: 2, stop: false)])
            #expect(pool.handle(.returned(worker: 0, job: 1, token: 2)) == [])
            #expect(pool.handle(.reported(job: 0, token: 1, at: .zero)) == [.accept(job: 0, token: 1)])
            #expect(pool.handle(.recorded(0)) == [])
            #expect(assigned(pool.handle(.mode(0, .ready))) == [1])
        }
    }

    @Test func aWorkerWithoutProgressIsNoticedAndThenLost() {
        var pool = pool(1, stall: .seconds(10))
        _ = pool.handle(.register(0, .init(slots: 1), at: .zero))
        _ = pool.handle(.enqueue(0))
        _ = pool.handle(.started(worker: 0, job: 0, token: 1, at: .seconds(1)))
        #expect(pool.handle(.clock(at: .seconds(11))) == [])
        #expect(pool.handle(.clock(at: .seconds(12))) == [.stalled(worker: 0)])
        #expect(pool.handle(.progress(worker: 0, at: .seconds(13))) == [])
        #expect(pool.handle(.clock(at: .seconds(20))) == [])
        #expect(pool.handle(.clock(at: .seconds(30))) == [.stalled(worker: 0)])
        #expect(pool.handle(.clock(at: .seconds(34))) == [.evict(worker: 0)])
        #expect(assigned(pool.handle(.register(1, .init(slots: 1), at: .seconds(35)))) == [0])
    }

    /// A worker can do nothing about reports that are not recorded, for example because the hub is not there.
    @Test func aWorkerThatWaitsForTheRecordingOfItsReportsIsNotBlamed() {
        var pool = pool(2, stall: .seconds(10))
        _ = pool.handle(.register(0, .init(slots: 1), at: .zero))
        _ = pool.handle(.enqueue(0))
        _ = pool.handle(.enqueue(1))
        _ = pool.handle(.started(worker: 0, job: 0, token: 1, at: .seconds(1)))
        #expect(pool.handle(.reported(job: 0, token: 1, at: .seconds(2))) == [.accept(job: 0, token: 1)])
        #expect(pool.handle(.clock(at: .seconds(3600))) == [])
        #expect(pool.handle(.recorded(0)) == [.assign(worker: 0, job: 1, token: 2)])
        #expect(pool.handle(.clock(at: .seconds(3609))) == [], "it has time to start the next one")
        #expect(pool.handle(.clock(at: .seconds(3611))).contains(.stalled(worker: 0)))
    }

    /// A worker that was slow to start its only job returns it, and can show by no other sign that it is there.
    @Test func aStalledWorkerThatReturnsItsLastJobGetsJobs() {
        var pool = pool(2, stall: .seconds(10))
        _ = pool.handle(.register(0, .init(slots: 1, backlog: 1), at: .zero))
        for job in 0..<2 { _ = pool.handle(.enqueue(job)) }
        #expect(pool.handle(.clock(at: .seconds(11))).contains(.stalled(worker: 0)))
        #expect(pool.handle(.returned(worker: 0, job: 1, token: 2)) == [])
        #expect(assigned(pool.handle(.returned(worker: 0, job: 0, token: 1))).sorted() == [0, 1])
        #expect(pool.handle(.clock(at: .seconds(20))) == [], "it has time to start them")
    }

    @Test func aJobThatLosesItsWorkersIsGivenUp() {
        var pool = WorkerPool(lossLimit: 1)
        _ = pool.handle(.add([.init(requirement: .init(target: "t"))]))
        _ = pool.handle(.enqueue(0))
        for round in 0..<2 {
            _ = pool.handle(.register(0, .init(slots: 1), at: .zero))
            _ = pool.handle(.started(worker: 0, job: 0, token: UInt64(round + 1), at: .zero))
            #expect(pool.handle(.lost(0)) == (round == 0 ? [] : [.giveUp(job: 0)]))
        }
    }

    @Test func jobsAreAssignedToTheirInputs() {
        var pool = WorkerPool()
        let requirement = WorkerPool.Requirement(target: "t")
        _ = pool.handle(.add([.init(requirement: requirement), .init(requirement: requirement, inputs: [0])]))
        for worker in 0..<3 {
            _ = pool.handle(.register(worker, .init(slots: 1, cache: "\(worker)"), at: .zero))
        }
        _ = pool.handle(.enqueue(0))
        let builder = pool.worker(of: 0)
        _ = pool.handle(.reported(job: 0, token: 1, at: .zero))
        _ = pool.handle(.recorded(0))
        _ = pool.handle(.enqueue(1))
        #expect(pool.worker(of: 1) == builder)
    }

    @Test func anAdoptedJobIsNotAssignedAgain() {
        var pool = WorkerPool(epoch: 2)
        _ = pool.handle(.add([.init(requirement: .init(target: "t"))]))
        _ = pool.handle(.register(0, .init(slots: 1), at: .zero))
        _ = pool.handle(.adopt(worker: 0, job: 0, token: 1 << 32 | 5, isRunning: true))
        #expect(pool.handle(.enqueue(0)) == [])
        #expect(
            pool.handle(.reported(job: 0, token: 1 << 32 | 5, at: .zero)) == [.accept(job: 0, token: 1 << 32 | 5)])
    }

    /// A worker whose infrastructure fails at once would otherwise get every attempt, because it is always free.
    @Test func aFurtherAttemptWaitsForAnotherWorker() {
        var pool = pool(3)
        _ = pool.handle(.register(0, .init(slots: 1), at: .zero))
        #expect(pool.handle(.enqueue(0)) == [.assign(worker: 0, job: 0, token: 1)])
        #expect(!pool.canRunElsewhere(0), "there is no other worker")
        _ = pool.handle(.register(1, .init(slots: 1), at: .zero))
        #expect(pool.handle(.enqueue(1)) == [.assign(worker: 1, job: 1, token: 2)])
        _ = pool.handle(.reported(job: 0, token: 1, at: .zero))
        #expect(pool.canRunElsewhere(0))
        #expect(pool.handle(.recorded(0, isTriedAgain: true)) == [])
        #expect(pool.handle(.enqueue(0)) == [], "worker 0 is free, but worker 1 has not tried it")
        #expect(pool.handle(.enqueue(2)) == [.assign(worker: 0, job: 2, token: 3)], "other jobs do not wait")
        _ = pool.handle(.reported(job: 1, token: 2, at: .zero))
        #expect(pool.handle(.recorded(1)) == [.assign(worker: 1, job: 0, token: 4)])
        #expect(!pool.canRunElsewhere(0), "it has failed on the other worker")
    }

    @Test(arguments: [WorkerPool.Event.lost(1), .mode(1, .paused), .mode(1, .draining)])
    func aFurtherAttemptGoesToTheSameWorkerIfItIsTheOnlyOne(_ event: WorkerPool.Event) {
        var pool = pool(2, target: { $0 == 0 ? "t" : "u" })
        for worker in 0..<2 { _ = pool.handle(.register(worker, .init(slots: 1), at: .zero)) }
        _ = pool.handle(.register(2, .init(targets: ["u"], slots: 1), at: .zero))
        #expect(pool.handle(.enqueue(0)) == [.assign(worker: 0, job: 0, token: 1)])
        #expect(pool.handle(.enqueue(1)) == [.assign(worker: 1, job: 1, token: 2)])
        _ = pool.handle(.started(worker: 1, job: 1, token: 2, at: .zero))
        _ = pool.handle(.reported(job: 0, token: 1, at: .zero))
        _ = pool.handle(.recorded(0, isTriedAgain: true))
        #expect(pool.handle(.enqueue(0)) == [])
        #expect(pool.handle(event).contains(.assign(worker: 0, job: 0, token: event.isLoss ? 4 : 3)))
    }
}

extension WorkerPool.Event {
    fileprivate var isLoss: Bool { if case .lost = self { true } else { false } }
}
