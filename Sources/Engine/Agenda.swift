package import Core
package import Documents
package import Scheduler
package import Worker

/// What a run has to do: the jobs that wanted cells need and whose outcome is not known.
package struct Agenda: Sendable {
    /// How many cells are wanted.
    package let cells: Int
    /// The jobs to run.
    package let nodes: [JobScheduler<Digest>.Node]
    /// How many jobs run at once in each lane that has its own count.
    package let lanes: [String: Int]
    /// Results that need no run: cells that are unsolvable, and cells whose deciding job is known.
    package let settled: [CellResult]
    /// The wanted cells, by the job that decides each.
    package let cellsDecided: [Digest: [PlannedCell]]
    /// A target for each job, to run it on and to record it under.
    package let targets: [Digest: Plan.Target]
    /// What is known of jobs that are not run again.
    package let known: [Digest: CellResult]

    /// Works out what is to be done.
    ///
    /// - Parameters:
    ///   - wanted: which cells of the plan are to be decided.
    ///   - known: what is known of a job: a success whose layer is there, or a real failure.
    ///   - seconds: how long a job is expected to run.
    ///   - lane: where the jobs of a target queue, where that is not with all others.
    ///   - isChanged: which cells are not as they were when the deployment was run last.
    /// - Complexity: O(cells + jobs + inputs), and for each cell the jobs that it waits for.
    package init(
        plan: Plan, wanted: (PlannedCell) -> Bool, recorded: (Cell) -> CellResult?,
        known lookUp: (Digest) -> CellResult?, seconds: (Job) -> Double = { _ in 1 },
        lane: (Plan.Target) -> Lane? = { _ in nil }, isChanged: (Cell) -> Bool = { _ in false }
    ) {
        var survey = Survey(plan: plan)
        let wantedCells = plan.cells.filter(wanted)
        cells = wantedCells.count
        for cell in wantedCells { survey.need(cell, isChanged: isChanged(cell.cell), lookUp: lookUp) }
        survey.propagate()
        for cell in wantedCells { survey.settle(cell, recorded: recorded(cell.cell)) }
        var lanes: [String: Int] = [:]
        let lanesOfTargets = Dictionary(
            Set(survey.targets.values).map { ($0, lane($0)) }, uniquingKeysWith: { first, _ in first })
        let pending = survey.pending
        let waiting = survey.waiting(for: pending)
        nodes = zip(pending, waiting).map { id, waiting in
            let job = plan.jobs[id]
            let lane = survey.targets[id].flatMap { lanesOfTargets[$0] ?? nil }
            if let lane { lanes[lane.name] = lane.slots }
            return .init(
                id: id, inputs: job?.inputs ?? [],
                priority: (survey.urgencies[id] ?? Urgency()).priority(waiting: waiting), cost: job.map(seconds) ?? 1,
                lane: lane?.name ?? "")
        }
        self.lanes = lanes
        settled = survey.settled
        cellsDecided = survey.cellsDecided
        targets = survey.targets
        known = survey.known
    }
}

/// What decides when a job is run, before how many cells wait for it.
struct Urgency: Comparable {
    /// That of the schedule.
    var priority = 0
    /// Whether a cell that has changed needs it.
    var isChanged = false

    static func < (left: Self, right: Self) -> Bool {
        left.priority != right.priority ? left.priority < right.priority : !left.isChanged && right.isChanged
    }

    /// The one number by which jobs are ordered: the schedule first, then what has changed, then what unblocks most.
    ///
    /// - Parameter waiting: How many cells wait for the job.
    func priority(waiting: Int) -> Int {
        (priority * 2 + (isChanged ? 1 : 0)) * Self.step + min(waiting, Self.step - 1)
    }

    /// More than the cells that a plan may have.
    private static let step = 1 << 21
}

/// The state of working out an agenda.
private struct Survey {
    let plan: Plan
    let environments: [String: [Digest: Plan.Target]]
    /// Needed jobs, inputs before what needs them.
    var order: [Digest] = []
    var settled: [CellResult] = []
    var cellsDecided: [Digest: [PlannedCell]] = [:]
    var targets: [Digest: Plan.Target] = [:]
    var known: [Digest: CellResult] = [:]
    var urgencies: [Digest: Urgency] = [:]
    /// Jobs that cannot run, with the known failure behind each.
    private var blocked: [Digest: CellResult] = [:]
    private var visited: Set<Digest> = []

    init(plan: Plan) {
        self.plan = plan
        environments = Dictionary(grouping: plan.targets, by: \.name).mapValues { targets in
            Dictionary(targets.map { ($0.environment, $0) }, uniquingKeysWith: { first, _ in first })
        }
    }

    /// The jobs that are to be run, inputs first.
    var pending: [Digest] {
        order.filter { known[$0] == nil && blocked[$0] == nil }
    }

    /// Finds the jobs that decide the cell, and all that they are built over.
    ///
    /// A known job is not needed for itself, but what is built over it needs the layers below it too.
    mutating func need(_ cell: PlannedCell, isChanged: Bool, lookUp: (Digest) -> CellResult?) {
        guard case .jobs(let build, let test) = cell.basis else { return }
        let deciding = test ?? build
        raise(deciding, to: Urgency(priority: cell.priority, isChanged: isChanged))
        if let result = lookUp(deciding) {
            known[deciding] = result
            return
        }
        var stack = [(job: deciding, inputsDone: false)]
        while let (id, inputsDone) = stack.popLast() {
            if inputsDone {
                order.append(id)
                continue
            }
            guard let job = plan.jobs[id], visited.insert(id).inserted else { continue }
            targets[id] = environments[cell.cell.target]?[job.environment]
            known[id] = known[id] ?? lookUp(id)
            if let result = known[id], result.outcome != .success { continue }
            stack.append((id, true))
            stack.append(contentsOf: job.inputs.map { ($0, false) })
        }
    }

    private mutating func raise(_ job: Digest, to urgency: Urgency) {
        urgencies[job] = urgencies[job].map { max($0, urgency) } ?? urgency
    }

    /// How many cells wait for each of some jobs: those that it decides, and those decided by what is built over it.
    func waiting(for jobs: [Digest]) -> [Int] {
        let numbers = Dictionary(uniqueKeysWithValues: zip(jobs, jobs.indices))
        let inputs = jobs.map { (plan.jobs[$0]?.inputs ?? []).compactMap { numbers[$0] } }
        var waiting = Array(repeating: 0, count: jobs.count)
        var seenBy = Array(repeating: -1, count: jobs.count)
        for (number, job) in jobs.enumerated() {
            let cells = cellsDecided[job]?.count ?? 0
            guard cells > 0 else { continue }
            var open = [number]
            while let next = open.popLast() {
                waiting[next] += cells
                for input in inputs[next] where seenBy[input] != number {
                    seenBy[input] = number
                    open.append(input)
                }
            }
        }
        return waiting
    }

    /// Hands urgencies down to inputs, and known failures up to what needs them.
    mutating func propagate() {
        for id in order.reversed() {
            guard let urgency = urgencies[id] else { continue }
            for input in plan.jobs[id]?.inputs ?? [] { raise(input, to: urgency) }
        }
        for id in order where known[id] == nil {
            for input in plan.jobs[id]?.inputs ?? [] {
                if let cause = blocked[input] ?? known[input], cause.outcome != .success {
                    blocked[id] = cause
                    break
                }
            }
        }
    }

    /// Gives the cell its verdict where it needs no run, else notes which job will decide it.
    mutating func settle(_ cell: PlannedCell, recorded: CellResult?) {
        switch cell.basis {
        case .excluded:
            return
        case .unsolvable(let explanation):
            var result = CellResult(
                cell: cell.cell, job: nil, outcome: .unsolvable, repositories: plan.repositories.map(\.commit))
            result.reason = explanation
            if recorded?.outcome != .unsolvable || recorded?.reason != explanation { settled.append(result) }
        case .jobs(let build, let test):
            let deciding = test ?? build
            guard let result = verdict(of: cell.cell, deciding: deciding) else {
                cellsDecided[deciding, default: []].append(cell)
                return
            }
            if recorded?.job != result.job || recorded?.outcome != result.outcome { settled.append(result) }
        }
    }

    private func verdict(of cell: Cell, deciding: Digest) -> CellResult? {
        if let cause = blocked[deciding] {
            return CellResult(blocking: cell, job: deciding, behind: cause, in: plan)
        }
        guard var result = known[deciding] else { return nil }
        result.cell = cell
        return result
    }
}

extension CellResult {
    /// The verdict on a cell whose deciding job cannot run because of `cause`: blocked by that package, or the failure
    /// itself where it is the cell's own build that failed and not its tests.
    package init(blocking cell: Cell, job: Digest, behind cause: CellResult, in plan: Plan) {
        if cause.cell.package == cell.package, let build = cause.job, plan.jobs[job]?.kind == .test,
            plan.jobs[job]?.inputs.contains(build) == true
        {
            self = cause
            self.cell = cell
            return
        }
        self.init(cell: cell, job: job, outcome: .blocked, repositories: plan.repositories.map(\.commit))
        blockedBy = cause.cell.package
        reason = "\(cause.cell.package): \(cause.reason ?? cause.outcome.rawValue)"
        plugin = cause.plugin
    }
}
