/// Decides which jobs run when: events in, actions out, no I/O and no clock.
///
/// A job becomes ready when its last input has succeeded; each job counts its unmet inputs, so that an ending touches
/// only the jobs that wait for it. Of the ready jobs the one of greatest priority is run first, and among equals the
/// one with the longest chain of expected work behind it: list scheduling by critical path (R. L. Graham, Bounds on
/// Multiprocessing Timing Anomalies, 1969). Ties fall in the order of the ids, so that equal inputs give equal runs.
///
/// Jobs may be parted into lanes, of which some have a number of their own: what waits for a slow host then keeps
/// nothing else waiting.
///
/// Not a queue of workers: it knows how many jobs may run at once, not where.
public struct JobScheduler<ID: Hashable & Comparable & Sendable>: Sendable {
    /// A job to be scheduled.
    public struct Node: Sendable {
        public var id: ID
        /// Jobs that must succeed before; those that are no nodes count as done.
        public var inputs: [ID]
        /// Greater runs earlier.
        public var priority: Int
        /// Expected seconds.
        public var cost: Double
        /// The queue that it waits in.
        public var lane: String

        public init(id: ID, inputs: [ID], priority: Int = 0, cost: Double = 1, lane: String = "") {
            self.id = id
            self.inputs = inputs
            self.priority = priority
            self.cost = cost
            self.lane = lane
        }
    }

    /// How a run of a job ended.
    public enum Ending: Sendable, Equatable {
        case success, failure, infrastructure, cancelled
    }

    /// Something that happened. Times are measured from any fixed moment by a monotonic clock.
    public enum Event: Sendable {
        /// A job that was run has ended.
        case ended(ID, Ending, at: Duration)
        /// A job that was to be run is running elsewhere: it takes no slot until it is released.
        case held(ID)
        /// A held job is not running elsewhere any more.
        case released(ID)
        /// Time has come to `at`.
        case clock(at: Duration)
        /// These jobs, and all that wait for them, are no longer wanted.
        case cancel(Set<ID>)
        /// So many jobs may run at once from now on, apart from those of lanes that have their own number.
        case slots(Int)
    }

    /// Something to be done by whoever feeds the events.
    public enum Action: Sendable, Equatable {
        /// Run the job; attempts count from 1.
        case run(ID, attempt: Int)
        /// Stop the running job; its ending is still awaited.
        case stop(ID)
        /// The job cannot run, for the job `by`, which it needs, did not succeed.
        case block(ID, by: ID)
        /// The job was dropped before it ran.
        case drop(ID)
        /// Send `clock` at this time.
        case wake(at: Duration)
    }

    /// Where a job stands.
    public enum State: Sendable, Equatable {
        case waiting(unmet: Int)
        case ready
        case running(attempt: Int)
        /// It runs elsewhere.
        case held
        case retrying(attempt: Int, at: Duration)
        case succeeded, failed, cancelled
        case blocked(by: ID)

        /// True when the job will not run again.
        public var isSettled: Bool {
            switch self {
            case .succeeded, .failed, .cancelled, .blocked: true
            case .waiting, .ready, .running, .held, .retrying: false
            }
        }
    }

    /// How often a job is run when the infrastructure fails.
    public let attempts: Int
    /// How long to wait before the second attempt; doubled for each further one.
    public let backoff: Duration
    public private(set) var slots: Int
    /// How many may run at once in the lanes that have a number of their own; all others share `slots`.
    public let lanes: [String: Int]
    /// Jobs that are not settled.
    public private(set) var unsettled: Int
    public private(set) var running = 0

    private let ids: [ID]
    private let indices: [ID: Int]
    private let dependents: [[Int]]
    /// The place of each job in the order of running, 0 last.
    private let ranks: [Int]
    private let byRank: [Int]
    private var states: [State]
    private var attempt: [Int]
    /// The lane of each job, where it has a number of its own; else the empty name.
    private let laneOf: [String]
    /// Ranks of the ready jobs of each lane, ascending: the next to run is the last.
    private var ready: [String: [Int]] = [:]
    private var runningIn: [String: Int] = [:]

    /// A scheduler of `nodes`, of which none is running.
    ///
    /// - Precondition: `nodes` have distinct ids and no cycles.
    /// - Complexity: O(n log n + inputs).
    public init(
        nodes: [Node], slots: Int, lanes: [String: Int] = [:], attempts: Int = 3, backoff: Duration = .seconds(2)
    ) {
        self.slots = slots
        self.lanes = lanes.filter { !$0.key.isEmpty }
        self.attempts = attempts
        self.backoff = backoff
        let nodes = nodes.sorted { $0.id < $1.id }
        ids = nodes.map(\.id)
        laneOf = nodes.map { lanes[$0.lane] == nil ? "" : $0.lane }
        indices = Dictionary(uniqueKeysWithValues: zip(ids, ids.indices))
        var dependents: [[Int]] = Array(repeating: [], count: nodes.count)
        var unmet = Array(repeating: 0, count: nodes.count)
        for (index, node) in nodes.enumerated() {
            for input in Set(node.inputs).compactMap({ [indices] in indices[$0] }).sorted() {
                dependents[input].append(index)
                unmet[index] += 1
            }
        }
        self.dependents = dependents
        states = unmet.map { $0 == 0 ? .ready : .waiting(unmet: $0) }
        attempt = Array(repeating: 0, count: nodes.count)
        unsettled = nodes.count

        let chains = Self.chains(costs: nodes.map(\.cost), dependents: dependents, unmet: unmet)
        byRank = nodes.indices.sorted { left, right in
            (nodes[left].priority, chains[left], right) < (nodes[right].priority, chains[right], left)
        }
        var ranks = Array(repeating: 0, count: nodes.count)
        for (rank, index) in byRank.enumerated() { ranks[index] = rank }
        self.ranks = ranks
        for rank in ranks.indices where unmet[byRank[rank]] == 0 {
            ready[laneOf[byRank[rank]], default: []].append(rank)
        }
    }

    /// The state of a job; nil for one that is no node.
    public func state(of id: ID) -> State? {
        indices[id].map { states[$0] }
    }

    /// True when every job is settled.
    public var isFinished: Bool { unsettled == 0 }

    /// The actions that may be taken before anything has happened.
    public mutating func start() -> [Action] {
        fill()
    }

    /// Takes in an event.
    ///
    /// - Returns: what is to be done now, in order. An event that fits no state (the ending of a job that does not
    ///   run) does nothing.
    public mutating func advance(_ event: Event) -> [Action] {
        var actions: [Action] = []
        switch event {
        case .ended(let id, let ending, let now):
            guard let index = indices[id], case .running = states[index] else { return [] }
            running -= 1
            runningIn[laneOf[index], default: 0] -= 1
            settle(index, ending, now: now, &actions)
        case .held(let id):
            guard let index = indices[id], case .running = states[index] else { return [] }
            running -= 1
            runningIn[laneOf[index], default: 0] -= 1
            attempt[index] -= 1
            states[index] = .held
        case .released(let id):
            guard let index = indices[id], case .held = states[index] else { return [] }
            makeReady(index)
        case .clock(let now):
            wakeUp(now: now, &actions)
        case .cancel(let wanted):
            cancel(wanted, &actions)
        case .slots(let count):
            slots = max(0, count)
        }
        return actions + fill()
    }
}

extension JobScheduler {
    private mutating func settle(_ index: Int, _ ending: Ending, now: Duration, _ actions: inout [Action]) {
        switch ending {
        case .success:
            close(index, .succeeded)
            for dependent in dependents[index] { meet(dependent) }
        case .failure:
            close(index, .failed)
            block(behind: index, &actions)
        case .cancelled:
            close(index, .cancelled)
            drop(behind: index, &actions)
        case .infrastructure where attempt[index] < attempts:
            let pause = backoff * (1 << min(attempt[index] - 1, 16))
            states[index] = .retrying(attempt: attempt[index], at: now + pause)
            actions.append(.wake(at: now + pause))
        case .infrastructure:
            close(index, .failed)
            block(behind: index, &actions)
        }
    }

    private mutating func close(_ index: Int, _ state: State) {
        if !states[index].isSettled { unsettled -= 1 }
        states[index] = state
    }

    private mutating func meet(_ index: Int) {
        guard case .waiting(let unmet) = states[index] else { return }
        if unmet > 1 {
            states[index] = .waiting(unmet: unmet - 1)
        } else {
            makeReady(index)
        }
    }

    private mutating func makeReady(_ index: Int) {
        states[index] = .ready
        let rank = ranks[index]
        var low = 0
        var high = ready[laneOf[index]]?.count ?? 0
        while low < high {
            let middle = (low + high) / 2
            if ready[laneOf[index], default: []][middle] < rank { low = middle + 1 } else { high = middle }
        }
        ready[laneOf[index], default: []].insert(rank, at: low)
    }

    /// Blocks all that wait for the job, directly or not, naming it.
    private mutating func block(behind cause: Int, _ actions: inout [Action]) {
        forEachWaiting(behind: cause) { scheduler, index in
            scheduler.close(index, .blocked(by: scheduler.ids[cause]))
            actions.append(.block(scheduler.ids[index], by: scheduler.ids[cause]))
        }
    }

    private mutating func drop(behind cause: Int, _ actions: inout [Action]) {
        forEachWaiting(behind: cause) { scheduler, index in
            scheduler.close(index, .cancelled)
            actions.append(.drop(scheduler.ids[index]))
        }
    }

    private mutating func forEachWaiting(behind cause: Int, _ body: (inout Self, Int) -> Void) {
        var stack = Array(dependents[cause].reversed())
        while let index = stack.popLast() {
            guard case .waiting = states[index] else { continue }
            body(&self, index)
            stack.append(contentsOf: dependents[index].reversed())
        }
    }

    private mutating func wakeUp(now: Duration, _ actions: inout [Action]) {
        var next: Duration?
        for index in states.indices {
            guard case .retrying(_, let at) = states[index] else { continue }
            if at <= now {
                makeReady(index)
            } else {
                next = min(next ?? at, at)
            }
        }
        if let next { actions.append(.wake(at: next)) }
    }

    private mutating func cancel(_ wanted: Set<ID>, _ actions: inout [Action]) {
        for index in wanted.compactMap({ [indices] in indices[$0] }).sorted() {
            switch states[index] {
            case .running:
                actions.append(.stop(ids[index]))
            case .waiting, .ready, .held, .retrying:
                ready[laneOf[index]]?.removeAll { $0 == ranks[index] }
                close(index, .cancelled)
                actions.append(.drop(ids[index]))
                drop(behind: index, &actions)
            case .succeeded, .failed, .cancelled, .blocked:
                break
            }
        }
    }

    private mutating func fill() -> [Action] {
        var actions: [Action] = []
        for lane in ready.keys.sorted() {
            while runningIn[lane, default: 0] < lanes[lane] ?? slots, let rank = ready[lane]?.popLast() {
                let index = byRank[rank]
                attempt[index] += 1
                states[index] = .running(attempt: attempt[index])
                running += 1
                runningIn[lane, default: 0] += 1
                actions.append(.run(ids[index], attempt: attempt[index]))
            }
        }
        return actions
    }

    /// For each job the expected seconds of the longest chain that starts with it.
    private static func chains(costs: [Double], dependents: [[Int]], unmet: [Int]) -> [Double] {
        var open = unmet
        var order = open.indices.filter { open[$0] == 0 }
        var next = 0
        while next < order.count {
            for dependent in dependents[order[next]] {
                open[dependent] -= 1
                if open[dependent] == 0 { order.append(dependent) }
            }
            next += 1
        }
        precondition(order.count == costs.count, "jobs need each other in a cycle")
        var chains = costs
        for index in order.reversed() {
            chains[index] += dependents[index].map { chains[$0] }.max() ?? 0
        }
        return chains
    }
}
