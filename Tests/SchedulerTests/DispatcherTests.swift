import Scheduler
import Testing

@Suite struct DispatcherTests {
    private func dispatcher(_ jobs: [JobScheduler.Job], slots: Int) -> (Dispatcher, [Dispatcher.Action]) {
        var dispatcher = Dispatcher()
        _ = dispatcher.handle(.worker(.register(0, .init(slots: slots), at: .zero)))
        _ = dispatcher.handle(.submit(priority: 0))
        let actions = dispatcher.handle(
            .planned(task: 0, new: jobs.map { .init($0, requirement: .init(target: "t")) }, known: []))
        return (dispatcher, actions)
    }

    private func assigned(_ actions: [Dispatcher.Action]) -> [Int] {
        actions.compactMap { if case .worker(.assign(_, let job, _)) = $0 { job } else { nil } }
    }

    @Test func ofJobsThatAreReadyAtOnceTheMostUrgentIsFirst() {
        let (_, actions) = dispatcher(
            [.init(inputs: []), .init(inputs: [], priority: 2), .init(inputs: [], priority: 1)], slots: 2)
        #expect(assigned(actions) == [1, 2])
    }

    /// The slot of an ended job is given to a job that depends on it, if that is more urgent than the waiting ones.
    @Test func jobsReadyAfterAResultCompeteForItsSlot() {
        var (dispatcher, actions) = dispatcher(
            [.init(inputs: [], priority: 2), .init(inputs: [], priority: 0), .init(inputs: [0], priority: 1)], slots: 1)
        #expect(assigned(actions) == [0])
        #expect(
            dispatcher.handle(.worker(.reported(job: 0, token: 1, at: .zero))) == [.worker(.accept(job: 0, token: 1))])
        #expect(assigned(dispatcher.handle(.recorded(0, .success, at: .zero))) == [2])
    }

    @Test func aHeldJobTakesNoSlotUntilItIsFree() {
        var (dispatcher, actions) = dispatcher([.init(inputs: [], priority: 1), .init(inputs: [])], slots: 1)
        #expect(assigned(actions) == [0])
        #expect(assigned(dispatcher.handle(.hold(0))) == [1])
        #expect(dispatcher.handle(.free(0)) == [])
        #expect(dispatcher.handle(.worker(.reported(job: 1, token: 2, at: .zero))).count == 1)
        #expect(assigned(dispatcher.handle(.recorded(1, .success, at: .zero))) == [0])
        #expect(dispatcher.attempts[0] == 1, "holding a job is no attempt")
    }

    @Test func aCancelledJobIsRevokedAndItsReportDiscarded() {
        var (dispatcher, _) = dispatcher([.init(inputs: []), .init(inputs: [0])], slots: 1)
        _ = dispatcher.handle(.worker(.started(worker: 0, job: 0, token: 1, at: .zero)))
        let actions = dispatcher.handle(.cancel([0]))
        #expect(
            actions == [
                .withdraw(0), .worker(.revoke(worker: 0, job: 0, token: 1, stop: true)), .drop(1), .complete(task: 0),
            ])
        #expect(!dispatcher.isFinished, "the worker has not stopped it")
        #expect(
            dispatcher.handle(.worker(.reported(job: 0, token: 1, at: .zero))) == [.worker(.discard(job: 0, token: 1))])
        #expect(dispatcher.isFinished)
        #expect(dispatcher.jobs.state(of: 0) == .cancelled)
    }

    @Test func aJobIsTriedAgainOnAnotherWorker() {
        var (dispatcher, actions) = dispatcher([.init(inputs: [])], slots: 1)
        #expect(assigned(actions) == [0])
        _ = dispatcher.handle(.worker(.register(1, .init(slots: 1), at: .zero)))
        _ = dispatcher.handle(.worker(.reported(job: 0, token: 1, at: .zero)))
        _ = dispatcher.handle(.recorded(0, .infrastructure, at: .zero))
        #expect(dispatcher.handle(.clock(at: .seconds(3))).contains(.worker(.assign(worker: 1, job: 0, token: 2))))
        _ = dispatcher.handle(.worker(.reported(job: 0, token: 2, at: .zero)))
        _ = dispatcher.handle(.recorded(0, .infrastructure, at: .seconds(3)))
        let last = dispatcher.handle(.clock(at: .seconds(10)))
        #expect(assigned(last) == [0], "it failed on both, so that either may have it")
    }
}
