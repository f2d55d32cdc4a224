import Scheduler
import Testing

@Suite struct JobSchedulerTests {
    private func scheduler(_ jobs: [JobScheduler.Job], attempts: Int = 3) -> (JobScheduler, [JobScheduler.Action]) {
        var scheduler = JobScheduler(attempts: attempts)
        let actions = scheduler.handle(.add(jobs))
        return (scheduler, actions.filter { $0 != .rank })
    }

    private func order(_ scheduler: JobScheduler) -> [Int] {
        scheduler.ranks.indices.sorted { scheduler.ranks[$0] > scheduler.ranks[$1] }
    }

    @Test func longestChainFirst() {
        let (scheduler, _) = scheduler([
            .init(inputs: [], cost: 5), .init(inputs: [], cost: 1), .init(inputs: [1], cost: 10),
        ])
        #expect(order(scheduler) == [1, 2, 0])
        #expect(scheduler.longestChain == 11)
        #expect(scheduler.remainingCost == 16)
    }

    @Test func priorityBeatsTheLongestChain() {
        let (scheduler, _) = scheduler([.init(inputs: [], cost: 5), .init(inputs: [], priority: 1, cost: 1)])
        #expect(order(scheduler) == [1, 0])
    }

    @Test func infrastructureIsTriedAgainAfterGrowingPauses() {
        var (scheduler, actions) = scheduler([.init(inputs: [])])
        #expect(actions == [.submit(0, attempt: 1)])
        #expect(scheduler.handle(.ended(0, .infrastructure, at: .seconds(10))) == [.wake(at: .seconds(12))])
        #expect(scheduler.handle(.clock(at: .seconds(11))) == [.wake(at: .seconds(12))])
        #expect(scheduler.handle(.clock(at: .seconds(12))) == [.submit(0, attempt: 2)])
        #expect(scheduler.handle(.ended(0, .infrastructure, at: .seconds(20))) == [.wake(at: .seconds(24))])
        #expect(scheduler.handle(.clock(at: .seconds(24))) == [.submit(0, attempt: 3)])
        #expect(scheduler.handle(.ended(0, .infrastructure, at: .seconds(30))) == [])
        #expect(scheduler.state(of: 0) == .failed)
        #expect(scheduler.isFinished)
    }

    @Test func cancellingWithdrawsWhatIsSubmittedAndDropsWhatWaits() {
        var (scheduler, _) = scheduler([.init(inputs: []), .init(inputs: [0]), .init(inputs: [1])])
        #expect(scheduler.handle(.cancel([0, 1])) == [.withdraw(0), .drop(1), .drop(2)])
        #expect(scheduler.isFinished)
        #expect(scheduler.handle(.ended(0, .success, at: .zero)) == [], "a late ending changes nothing")
        #expect(scheduler.state(of: 0) == .cancelled)
    }

    @Test func aRetryReopensWhatWasBlocked() {
        var (scheduler, _) = scheduler([
            .init(inputs: []), .init(inputs: []), .init(inputs: [0, 1]), .init(inputs: [2]),
        ])
        #expect(scheduler.handle(.ended(0, .failure, at: .zero)) == [.block(2, by: 0), .block(3, by: 0)])
        #expect(scheduler.handle(.ended(1, .failure, at: .zero)) == [])
        #expect(scheduler.isFinished)
        let reopened: [JobScheduler.Action] = [
            .reopen(0), .submit(0, attempt: 1), .reopen(2), .block(2, by: 1), .reopen(3), .block(3, by: 1),
        ]
        #expect(scheduler.handle(.retry(0)) == reopened, "the other failure blocks them still")
        #expect(scheduler.handle(.ended(0, .success, at: .zero)) == [])
        #expect(scheduler.handle(.retry(1)) == [.reopen(1), .submit(1, attempt: 1), .reopen(2), .reopen(3)])
        #expect(scheduler.handle(.ended(1, .success, at: .zero)) == [.submit(2, attempt: 1)])
    }

    @Test func jobsOfOtherTasksAreNotCancelled() {
        var (scheduler, _) = scheduler([.init(inputs: []), .init(inputs: [0]), .init(inputs: [0])])
        #expect(scheduler.handle(.want([0, 1])) == [])
        #expect(scheduler.handle(.unwant([0, 1, 2])) == [.drop(2)])
        #expect(scheduler.state(of: 0) == .ready)
        #expect(scheduler.handle(.unwant([0, 1])) == [.withdraw(0), .drop(1)])
        #expect(scheduler.handle(.want([0, 1])) == [.reopen(0), .submit(0, attempt: 1), .reopen(1)])
        #expect(scheduler.state(of: 2) == .cancelled)
    }

    @Test func wantingACancelledJobDoesNotRunIt() {
        var (scheduler, _) = scheduler([.init(inputs: []), .init(inputs: [0])])
        _ = scheduler.handle(.ended(0, .failure, at: .zero))
        _ = scheduler.handle(.cancel([1]))
        #expect(scheduler.handle(.retry(0)) == [.reopen(0), .submit(0, attempt: 1)])
        #expect(scheduler.handle(.ended(0, .success, at: .zero)) == [])
        #expect(scheduler.handle(.want([0, 1])) == [])
        #expect(scheduler.handle(.retry(1)) == [.reopen(1), .submit(1, attempt: 1)])
    }

    @Test func retriesOfUnwantedJobsApplyWhenTheyAreWanted() {
        var (scheduler, _) = scheduler([.init(inputs: [])])
        _ = scheduler.handle(.cancel([0]))
        _ = scheduler.handle(.unwant([0]))
        #expect(scheduler.handle(.retry(0)) == [])
        #expect(scheduler.handle(.want([0])) == [.reopen(0), .submit(0, attempt: 1)])
    }

    @Test func recordedJobsAreNotSubmitted() {
        let (scheduler, actions) = scheduler([
            .init(inputs: [], recorded: .success), .init(inputs: [0]), .init(inputs: [], recorded: .failure),
            .init(inputs: [2]),
        ])
        #expect(actions == [.submit(1, attempt: 1), .block(3, by: 2)])
        #expect(scheduler.unsettled == 1)
    }

    @Test func laterTasksCannotOvertakeForEver() {
        var scheduler = JobScheduler(overtakingLimit: 2)
        _ = scheduler.handle(.add([.init(inputs: [], priority: 0)]))
        for priority in 1...2 {
            _ = scheduler.handle(.add([.init(inputs: [], priority: priority)]))
        }
        #expect(order(scheduler).first == 0)
    }

    /// Every graph of four jobs in which a job depends only on jobs with smaller numbers, 2⁶ graphs, with every
    /// assignment of endings.
    @Test func everySmallGraphKeepsTheRules() {
        for bits in 0..<64 {
            let graph = Self.graph(bits)
            for code in 0..<256 {
                let endings = (0..<4).map { Self.endings[code >> (2 * $0) & 3] }
                let mistakes = Self.play(graph, endings)
                #expect(mistakes == [], "graph \(graph), endings \(endings)")
            }
        }
    }

    private static let endings: [JobScheduler.Ending] = [.success, .failure, .infrastructure, .cancelled]

    private static func graph(_ bits: Int) -> [[Int]] {
        var pair = 0
        return (0..<4).map { job in
            (0..<job).filter { _ in
                defer { pair += 1 }
                return bits >> pair & 1 == 1
            }
        }
    }

    /// Runs a graph to its end, and compares the states with the rules.
    private static func play(_ graph: [[Int]], _ endings: [JobScheduler.Ending]) -> [String] {
        var scheduler = JobScheduler(attempts: 2)
        var mistakes: [String] = []
        var attempts = [0, 0, 0, 0]
        var now = Duration.zero
        var open = scheduler.handle(.add(graph.map { .init(inputs: $0) }))
        while let action = open.popLast() {
            now += .seconds(1)
            switch action {
            case .submit(let job, let attempt):
                attempts[job] += 1
                if attempt != attempts[job] { mistakes.append("attempt \(attempt) of \(job)") }
                if !graph[job].allSatisfy({ scheduler.state(of: $0) == .succeeded }) {
                    mistakes.append("\(job) is early")
                }
                open += scheduler.handle(.ended(job, endings[job], at: now))
            case .wake(let at):
                now = max(now, at)
                open += scheduler.handle(.clock(at: now))
            case .withdraw, .reopen: mistakes.append("\(action)")
            case .block, .drop, .rank: break
            }
        }
        if !scheduler.isFinished { mistakes.append("unfinished") }
        for job in graph.indices {
            let isRun = graph[job].allSatisfy { scheduler.state(of: $0) == .succeeded }
            let expected: JobScheduler.State? =
                switch endings[job] {
                case _ where !isRun: nil
                case .success: .succeeded
                case .failure, .infrastructure: .failed
                case .cancelled: .cancelled
                }
            let state = scheduler.state(of: job)
            if let expected, state != expected { mistakes.append("\(job) is \(state)") }
            if !isRun, state != .blocked, state != .cancelled { mistakes.append("\(job) is \(state) but not run") }
            if !isRun, attempts[job] > 0 { mistakes.append("\(job) was submitted") }
        }
        return mistakes
    }
}
