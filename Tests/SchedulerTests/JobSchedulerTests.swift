import Scheduler
import Testing

private typealias Jobs = JobScheduler<Int>

@Suite struct JobSchedulerTests {
    /// Every graph of four jobs in which a job needs only jobs of smaller number: 2⁶ of them.
    static let graphs: [[[Int]]] = (0..<64).map { bits in
        var pair = 0
        return (0..<4).map { job in
            (0..<job).filter { _ in
                defer { pair += 1 }
                return bits >> pair & 1 == 1
            }
        }
    }

    fileprivate static let endings: [Jobs.Ending] = [.success, .failure, .infrastructure, .cancelled]

    /// Plays every graph with every assignment of endings and every number of slots, against the rules told in words.
    @Test(arguments: 1...3)
    func everySmallGraphKeepsTheRules(slots: Int) {
        for graph in Self.graphs {
            for code in 0..<256 {
                let endings = (0..<4).map { Self.endings[code >> (2 * $0) & 3] }
                let play = Play(graph: graph, endings: endings, slots: slots)
                play.run()
                let label = "graph \(graph), endings \(endings), slots \(slots)"
                #expect(play.mistakes.isEmpty, "\(label): \(play.mistakes)")
                #expect(play.scheduler.isFinished, "\(label)")
            }
        }
    }

    @Test func longestChainFirst() {
        var scheduler = Jobs(
            nodes: [
                .init(id: 1, inputs: [], cost: 5),
                .init(id: 2, inputs: [], cost: 1),
                .init(id: 3, inputs: [2], cost: 10),
            ], slots: 1)
        #expect(scheduler.start() == [.run(2, attempt: 1)])
    }

    @Test func priorityBeatsTheLongestChain() {
        var scheduler = Jobs(
            nodes: [.init(id: 1, inputs: [], cost: 5), .init(id: 2, inputs: [], priority: 1, cost: 1)], slots: 1)
        #expect(scheduler.start() == [.run(2, attempt: 1)])
    }

    @Test func infrastructureIsTriedAgainAfterGrowingPauses() {
        var scheduler = Jobs(nodes: [.init(id: 1, inputs: [])], slots: 1, attempts: 3, backoff: .seconds(2))
        #expect(scheduler.start() == [.run(1, attempt: 1)])
        #expect(scheduler.advance(.ended(1, .infrastructure, at: .seconds(10))) == [.wake(at: .seconds(12))])
        #expect(scheduler.advance(.clock(at: .seconds(11))) == [.wake(at: .seconds(12))])
        #expect(scheduler.advance(.clock(at: .seconds(12))) == [.run(1, attempt: 2)])
        #expect(scheduler.advance(.ended(1, .infrastructure, at: .seconds(20))) == [.wake(at: .seconds(24))])
        #expect(scheduler.advance(.clock(at: .seconds(24))) == [.run(1, attempt: 3)])
        #expect(scheduler.advance(.ended(1, .infrastructure, at: .seconds(30))) == [])
        #expect(scheduler.state(of: 1) == .failed)
    }

    @Test func cancellingStopsWhatRunsAndDropsWhatWaits() {
        var scheduler = Jobs(
            nodes: [.init(id: 1, inputs: []), .init(id: 2, inputs: [1]), .init(id: 3, inputs: [2])], slots: 1)
        _ = scheduler.start()
        #expect(scheduler.advance(.cancel([1, 2])) == [.stop(1), .drop(2), .drop(3)])
        #expect(scheduler.advance(.ended(1, .cancelled, at: .zero)) == [])
        #expect(scheduler.isFinished)
    }

    /// What waits for a lane's only place keeps nothing else waiting, and the other way round.
    @Test func lanesHaveTheirOwnPlaces() {
        var scheduler = Jobs(
            nodes: [
                .init(id: 1, inputs: [], lane: "slow"), .init(id: 2, inputs: [], lane: "slow"),
                .init(id: 3, inputs: []), .init(id: 4, inputs: [], lane: "unknown"),
                .init(id: 5, inputs: [3], lane: "slow"),
            ], slots: 1, lanes: ["slow": 1, "idle": 7])
        #expect(scheduler.start() == [.run(3, attempt: 1), .run(1, attempt: 1)])
        #expect(scheduler.advance(.ended(3, .success, at: .zero)) == [.run(4, attempt: 1)])
        #expect(scheduler.advance(.ended(1, .success, at: .zero)) == [.run(2, attempt: 1)])
        #expect(scheduler.advance(.ended(4, .success, at: .zero)) == [])
        #expect(
            scheduler.advance(.ended(2, .infrastructure, at: .zero)) == [.wake(at: .seconds(2)), .run(5, attempt: 1)])
        #expect(scheduler.advance(.cancel([2])) == [.drop(2)])
        #expect(scheduler.advance(.ended(5, .success, at: .zero)) == [])
        #expect(scheduler.isFinished)
    }

    @Test func anEndingThatNobodyAwaitsChangesNothing() {
        var scheduler = Jobs(nodes: [.init(id: 1, inputs: [])], slots: 1)
        #expect(scheduler.advance(.ended(1, .success, at: .zero)) == [])
        #expect(scheduler.advance(.ended(7, .success, at: .zero)) == [])
        #expect(!scheduler.isFinished)
    }
}

/// Runs a scheduler to its end with fixed endings, and notes every broken rule.
private final class Play {
    let graph: [[Int]]
    let endings: [Jobs.Ending]
    var scheduler: Jobs
    var mistakes: [String] = []
    private var running: [Int] = []
    private var succeeded: Set<Int> = []
    private var settled: [Int: Int] = [:]
    private var now = Duration.zero

    init(graph: [[Int]], endings: [Jobs.Ending], slots: Int) {
        self.graph = graph
        self.endings = endings
        scheduler = Jobs(
            nodes: graph.enumerated().map { .init(id: $0.offset, inputs: $0.element) }, slots: slots, attempts: 2)
    }

    func run() {
        var wakes = take(scheduler.start())
        for _ in 0..<100 where !scheduler.isFinished {
            now += .seconds(1)
            if running.isEmpty, let wake = wakes.min() {
                wakes = []
                now = max(now, wake)
                wakes += take(scheduler.advance(.clock(at: now)))
            } else if !running.isEmpty {
                let job = running.removeFirst()
                if endings[job] == .success { succeeded.insert(job) }
                wakes += take(scheduler.advance(.ended(job, endings[job], at: now)))
            }
        }
        for job in graph.indices { checkEnd(of: job) }
    }

    private func take(_ actions: [Jobs.Action]) -> [Duration] {
        var wakes: [Duration] = []
        for action in actions {
            switch action {
            case .run(let job, _):
                if !graph[job].allSatisfy(succeeded.contains) { mistakes.append("\(job) ran before its inputs") }
                running.append(job)
                if running.count > scheduler.slots { mistakes.append("\(running.count) ran at once") }
            case .block(let job, let cause):
                settled[job, default: 0] += 1
                if ![.failure, .infrastructure].contains(endings[cause]) { mistakes.append("\(cause) blocks") }
                if !needs(job, cause) { mistakes.append("\(job) does not need \(cause)") }
            case .drop(let job):
                settled[job, default: 0] += 1
            case .stop(let job):
                mistakes.append("\(job) was stopped, though nobody asked")
            case .wake(let at):
                wakes.append(at)
            }
        }
        return wakes
    }

    /// A job runs if and only if all inputs succeeded; else it is blocked or dropped exactly once.
    private func checkEnd(of job: Int) {
        let ran = graph[job].allSatisfy(succeeded.contains)
        if ran != (settled[job] == nil) { mistakes.append("\(job) ended in two ways, or in none") }
        if !ran, settled[job] != 1 { mistakes.append("\(job) ended \(settled[job] ?? 0) times") }
    }

    private func needs(_ job: Int, _ cause: Int) -> Bool {
        graph[job].contains { $0 == cause || needs($0, cause) }
    }
}
