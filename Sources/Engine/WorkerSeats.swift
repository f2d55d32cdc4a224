internal import Core
internal import Model
internal import Records
internal import Scheduler
internal import Store

/// The seats of the worker pool: for each registered worker one for its sandboxes and one for each set of hosts that it
/// reaches.
///
/// - SeeAlso: `docs/decisions/0059-host-lanes.md`
struct WorkerSeats {
    /// A seat: a worker in the scheduler's terms.
    struct Seat {
        /// The id of the registered worker.
        var worker: String
        /// The hosts whose slots the seat has; nil for sandboxes.
        var lane: String?
    }

    /// The effects of changed registrations on the pool.
    struct Change {
        var joined: [(seat: Int, worker: WorkerPool.Worker)] = []
        var modes: [(seat: Int, mode: WorkerPool.Mode)] = []
        /// The ids of workers that have ended.
        var lost: [String] = []
        /// The ids of workers that counted as lost and have registered again.
        var back: [String] = []
    }

    private let deployment: String
    private let targets: [Plan.Target]
    /// All seats, including former ones, by number.
    private(set) var seats: [Seat] = []
    private(set) var registrations: [String: WorkerRegistration] = [:]
    private var numbers: [String: [Int]] = [:]
    /// Workers that made no progress for too long and get no jobs until they do.
    private(set) var evicted: Set<String> = []
    /// The versions of the registrations.
    private var versions: [String: UInt64] = [:]

    init(_ plan: Plan) {
        deployment = plan.deployment
        targets = plan.targets
    }

    /// The seats of a worker.
    func numbers(of worker: String) -> [Int] { numbers[worker] ?? [] }

    /// Why registered workers get no jobs of a target, with the number of workers for each reason. Workers without slots
    /// do not count.
    func obstacles(to name: String) -> [WorkerRegistration.Obstacle: Int] {
        let targets = targets.filter { $0.name == name }
        return registrations.values.reduce(into: [:]) { obstacles, worker in
            guard worker.slots + worker.backlog > 0 else { return }
            let obstacle = targets.lazy.compactMap { worker.obstacle(to: $0) }.first
            if let reason = obstacle ?? (worker.mode == .ready ? nil : .mode) { obstacles[reason, default: 0] += 1 }
        }
    }

    /// Why a registered worker gets no jobs of any target; nil if it may get some.
    func obstacle(toAllJobsOf id: String) -> WorkerRegistration.Obstacle? {
        guard let worker = registrations[id] else { return nil }
        let obstacles = targets.map { worker.obstacle(to: $0) }
        return obstacles.contains(nil)
            ? nil : obstacles.lazy.compactMap { $0 }.first { $0 != .otherTargets } ?? .otherTargets
    }

    /// Updates the seats to the current registrations.
    mutating func update(_ state: [StorePath: EphemeralValue]) -> Change {
        var change = Change()
        var present: Set<String> = []
        for (path, registration) in DispatchValues.registrations(in: state).sorted(by: { $0.key < $1.key }) {
            guard registration.deployment.map({ $0 == deployment }) ?? true else { continue }
            let id = path.name
            present.insert(id)
            guard let known = registrations[id] else {
                registrations[id] = registration
                versions[id] = state[path]?.version
                seat(id, registration, &change)
                continue
            }
            registrations[id] = registration
            let isRenewed = versions.updateValue(state[path]?.version ?? 0, forKey: id) != state[path]?.version
            if isRenewed, evicted.contains(id) { change.back.append(id) }
            guard known.mode != registration.mode else { continue }
            change.modes += numbers(of: id).map { ($0, WorkerPool.Mode(registration.mode)) }
        }
        for id in registrations.keys.sorted() where !present.contains(id) {
            change.lost.append(id)
            (registrations[id], versions[id]) = (nil, nil)
            evicted.remove(id)
        }
        return change
    }

    private mutating func seat(_ id: String, _ registration: WorkerRegistration, _ change: inout Change) {
        var lanes: [String?: Set<String>] = [nil: []]
        // A target may be there twice, with the distribution's compiler and without.
        let refused = Set(targets.lazy.filter { registration.obstacle(to: $0) != nil }.map(\.name))
        for target in targets where !refused.contains(target.name) {
            // A virtual machine is on the worker's machine, whatever its settings say of hosts.
            let hosts = target.machine == nil ? registration.hosts(of: target.name, planned: target.host) : []
            lanes[hosts.isEmpty ? nil : hosts.joined(separator: " "), default: []].insert(target.name)
        }
        for (lane, targets) in lanes.sorted(by: { $0.key ?? "" < $1.key ?? "" }) {
            let slots = lane.map { $0.split(separator: " ").count } ?? registration.slots
            let worker = WorkerPool.Worker(
                targets: targets, labels: Set(registration.labels ?? []), slots: slots,
                backlog: lane == nil ? registration.backlog : 0,
                cache: "\(registration.host) \(registration.cache)", mode: WorkerPool.Mode(registration.mode))
            change.joined.append((add(id, lane), worker))
        }
    }

    private mutating func add(_ id: String, _ lane: String?) -> Int {
        seats.append(Seat(worker: id, lane: lane))
        numbers[id, default: []].append(seats.count - 1)
        return seats.count - 1
    }

    /// Adds a seat for an ended worker that has left a report.
    mutating func addGone(_ id: String) -> (seat: Int, worker: WorkerPool.Worker) {
        (add(id, nil), WorkerPool.Worker(targets: [], slots: 0, mode: .draining))
    }

    /// Marks a worker as evicted from the pool.
    mutating func evict(_ id: String) { evicted.insert(id) }

    /// Readmits a worker that makes progress again, with new seats.
    mutating func readmit(_ id: String) -> Change {
        var change = Change()
        guard evicted.remove(id) != nil, let registration = registrations[id] else { return change }
        numbers[id] = nil
        seat(id, registration, &change)
        return change
    }
}

extension WorkerPool.Mode {
    fileprivate init(_ mode: WorkerRegistration.Mode) {
        self =
            switch mode {
            case .ready: .ready
            case .paused: .paused
            case .draining: .draining
            }
    }
}
