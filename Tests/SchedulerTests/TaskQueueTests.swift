import Scheduler
import Testing

@Suite struct TaskQueueTests {
    @Test func aTaskIsPlannedDispatchedAndComplete() {
        var queue = TaskQueue()
        #expect(queue.handle(.submit(priority: 0)) == [.plan(0)])
        #expect(queue.handle(.submit(priority: 0)) == [])
        #expect(queue.handle(.submit(priority: 1)) == [])
        #expect(queue.handle(.planned(0, jobs: [0, 1])) == [.plan(2)], "the more urgent one is next")
        #expect(queue.handle(.settled(0)) == [])
        #expect(queue.handle(.settled(0)) == [], "each job counts once")
        #expect(queue.unsettledJobs(of: 0) == 1)
        #expect(queue.handle(.settled(1)) == [.complete(0)])
        #expect(queue.states == [.complete, .submitted, .planning])
    }

    @Test func aPlanOfSettledJobsIsComplete() {
        var queue = TaskQueue()
        _ = queue.handle(.submit(priority: 0))
        _ = queue.handle(.settled(3))
        #expect(queue.handle(.planned(0, jobs: [3])) == [.complete(0)])
    }

    @Test func aReopenedJobReopensItsTasks() {
        var queue = TaskQueue()
        for _ in 0..<2 { _ = queue.handle(.submit(priority: 0)) }
        _ = queue.handle(.planned(0, jobs: [0]))
        _ = queue.handle(.planned(1, jobs: [0, 1]))
        #expect(queue.handle(.settled(0)) == [.complete(0)])
        #expect(queue.handle(.reopened(0)) == [])
        #expect(queue.states == [.dispatched, .dispatched])
        #expect(queue.handle(.settled(1)) == [])
        #expect(queue.handle(.settled(0)) == [.complete(1), .complete(0)])
        #expect(queue.isFinished)
    }

    @Test func aTaskIsCancelledInEveryState() {
        var queue = TaskQueue()
        for _ in 0..<4 { _ = queue.handle(.submit(priority: 0)) }
        #expect(queue.handle(.cancel(3)) == [])
        #expect(queue.handle(.cancel(0)) == [.stopPlanning(0), .plan(1)])
        #expect(queue.handle(.planned(0, jobs: [7])) == [], "what was planned for it is ignored")
        #expect(queue.handle(.planned(1, jobs: [0, 1])) == [.plan(2)])
        #expect(queue.handle(.cancel(1)) == [.release(1, jobs: [0, 1])])
        #expect(queue.handle(.cancel(1)) == [])
        #expect(queue.states == [.cancelled, .cancelled, .planning, .cancelled])
    }

    @Test func aLostPlannerAndABadTask() {
        var queue = TaskQueue()
        _ = queue.handle(.submit(priority: 0))
        #expect(queue.handle(.interrupted(0)) == [.plan(0)])
        #expect(queue.handle(.rejected(0)) == [])
        #expect(queue.states == [.rejected])
        #expect(queue.isFinished)
    }
}
