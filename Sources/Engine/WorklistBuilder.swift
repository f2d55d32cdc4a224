internal import Core
internal import Model

/// The state of working out an worklist.
struct WorklistBuilder {
    let plan: Plan
    private let environments: [String: [Digest: Plan.Target]]
    /// The jobs that wanted cells are decided by or built over, inputs before what is built over them.
    private var order: [Digest] = []
    private var deciding: Set<Digest> = []
    private(set) var settled: [CellResult] = []
    private(set) var cellsDecided: [Digest: [PlannedCell]] = [:]
    private(set) var targets: [Digest: Plan.Target] = [:]
    /// The results that may be relied on, of jobs that are not to run.
    private(set) var known: [Digest: CellResult] = [:]
    private(set) var layers = InputLayers()
    private(set) var jobPriorities: [Digest: JobPriority] = [:]
    private(set) var blockedCells: [Digest: Int] = [:]
    /// Jobs that cannot run, with the known failure behind each.
    private var blocked: [Digest: CellResult] = [:]
    private var selected: Set<Digest> = []
    private var visited: Set<Digest> = []

    init(plan: Plan) {
        self.plan = plan
        environments = Dictionary(grouping: plan.targets, by: \.name).mapValues { targets in
            Dictionary(targets.map { ($0.environment, $0) }, uniquingKeysWith: { first, _ in first })
        }
    }

    /// The jobs that are to be run, inputs first.
    var pending: [Digest] { order.filter(selected.contains) }

    /// Finds the jobs that decide the cell, and all that they are built over.
    mutating func visit(_ cell: PlannedCell, isChanged: Bool) {
        guard case .jobs(let build, let test) = cell.basis else { return }
        let job = test ?? build
        deciding.insert(job)
        raise(job, to: JobPriority(priority: cell.priority, isChanged: isChanged))
        var stack = [(job: job, inputsDone: false)]
        while let (id, inputsDone) = stack.popLast() {
            if inputsDone {
                order.append(id)
                continue
            }
            guard let job = plan.jobs[id], visited.insert(id).inserted else { continue }
            targets[id] = environments[cell.cell.target]?[job.environment]
            stack.append((id, true))
            for input in job.inputs where !visited.contains(input) { stack.append((input, false)) }
        }
    }

    /// Finds out what is known of each job: a verdict counts while it was reached over the layers that the inputs have.
    ///
    /// A failure blocks all that is built over it. One of the infrastructure says nothing about jobs that have a verdict.
    mutating func judge(_ lookUp: (Digest) -> CellResult?) {
        // For each job the result of an input, direct or indirect, that has no layer for it.
        var hindrances: [Digest: CellResult] = [:]
        for id in order {
            guard let job = plan.jobs[id] else { continue }
            for input in job.inputs {
                let result = known[input].flatMap { $0.outcome == .success ? nil : $0 } ?? hindrances[input]
                if let result, hindrances[id].map({ $0.outcome != .failure }) ?? true { hindrances[id] = result }
            }
            let base = layers.base(of: job)
            var result = lookUp(id)
            if let found = result, found.isVerdictOnJob, let over = found.base, let base, over != base { result = nil }
            if let cause = hindrances[id], cause.outcome == .failure || result == nil {
                blocked[id] = cause
                continue
            }
            known[id] = result
            if let result, result.outcome == .success, let layer = result.layer, let base {
                layers.set(layer, of: id, over: base)
            }
        }
    }

    /// Selects the jobs to run: those that decide wanted cells and have no verdict, what these are built over and has no
    /// layer, and verdicts in between that may change.
    mutating func select(holds: (Digest) -> Bool) {
        var below: Set<Digest> = []
        for id in order.reversed() {
            let isBelow = below.contains(id)
            if blocked[id] == nil, isBelow || deciding.contains(id) {
                if let result = known[id] {
                    if isBelow, result.outcome == .success, result.layer.map({ !holds($0) }) ?? true {
                        selected.insert(id)
                    }
                } else {
                    selected.insert(id)
                }
            }
            if isBelow || selected.contains(id) { below.formUnion(plan.jobs[id]?.inputs ?? []) }
        }
        for id in order where below.contains(id) && !selected.contains(id) && known[id]?.outcome == .success {
            if plan.jobs[id]?.inputs.contains(where: selected.contains) == true { selected.insert(id) }
        }
        for id in selected {
            known[id] = nil
            layers.remove(id)
        }
    }

    private mutating func raise(_ job: Digest, to jobPriority: JobPriority) {
        jobPriorities[job] = jobPriorities[job].map { max($0, jobPriority) } ?? jobPriority
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

    /// Hands jobPriorities down to inputs that are to run.
    mutating func propagatePriorities() {
        for id in order.reversed() where selected.contains(id) {
            guard let jobPriority = jobPriorities[id] else { continue }
            for input in plan.jobs[id]?.inputs ?? [] where selected.contains(input) { raise(input, to: jobPriority) }
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
            if result.outcome == .blocked, let cause = blocked[deciding]?.job { blockedCells[cause, default: 0] += 1 }
            if recorded.map({ !$0.isSameVerdict(as: result) }) ?? true { settled.append(result) }
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
    /// Whether both come from one execution of the job, or say that the same package blocks it.
    func isSameVerdict(as other: CellResult) -> Bool {
        job == other.job && outcome == other.outcome && blockedBy == other.blockedBy && execution == other.execution
    }
}
