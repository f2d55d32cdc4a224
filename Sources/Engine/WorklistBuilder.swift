internal import Core
internal import Model
internal import Scheduler

/// The state of working out a worklist.
///
/// Jobs are numbers here, in the order in which they are found; plans have tens of thousands with ten inputs each, so each input is
/// looked up by its id once.
struct WorklistBuilder {
    let plan: Plan
    private let environments: [String: [Digest: Plan.Target]]

    // MARK: By the numbers of jobs

    private var numbers: [Digest: Int] = [:]
    private(set) var ids: [Digest] = []
    private var inputs: [[Int]] = []
    private var allTargets: [Plan.Target] = []
    /// Where the job's target is in `allTargets`; -1: the plan has the job, and no target for it; -2: the plan has no such job.
    private var targetOfJob: [Int32] = []
    /// Where the result of a job is in `results`, or -1 where none may be relied on.
    private var resultOfJob: [Int] = []
    /// Where the result is of the known failure that keeps the job from running, or -1.
    private var blockedBy: [Int] = []
    private(set) var priorityOfJob: [JobPriority?] = []
    private var isSelected: [Bool] = []
    private var isDeciding: [Bool] = []
    /// How many wanted cells the job will decide.
    private var decidedCells: [Int] = []
    /// The jobs that wanted cells are decided by or built over, inputs before what is built over them.
    private var order: [Int] = []
    private var results: [CellResult] = []

    // MARK: What comes of it

    private(set) var settled: [CellResult] = []
    /// Jobs with the places of cells that they will decide.
    private var decisions: [(job: Int32, cell: Int32)] = []
    private(set) var layers = InputLayers()
    private(set) var blockedCells: [Digest: Int] = [:]

    init(plan: Plan) {
        self.plan = plan
        environments = Dictionary(grouping: plan.targets, by: \.name).mapValues { targets in
            Dictionary(targets.map { ($0.environment, $0) }, uniquingKeysWith: { first, _ in first })
        }
        numbers.reserveCapacity(plan.jobs.count)
    }

    /// The jobs that are to be run, inputs first.
    var pending: [Int] { order.filter { isSelected[$0] } }

    func numbers(of pending: [Int]) -> JobNumbers<Digest> {
        var numbers = JobNumbers<Digest>()
        for job in pending { _ = numbers.add(ids[job]) }
        return numbers
    }

    func target(of job: Int) -> Plan.Target? { targetOfJob[job] < 0 ? nil : allTargets[Int(targetOfJob[job])] }

    func targets(of pending: [Int], _ numbers: JobNumbers<Digest>) -> JobTargets {
        JobTargets(numbers, allTargets, places: pending.map { targetOfJob[$0] })
    }

    func cellsDecided(of pending: [Int], _ numbers: JobNumbers<Digest>) -> DecidedCells {
        var places = Array(repeating: Int32(-1), count: ids.count)
        for (place, job) in pending.enumerated() { places[job] = Int32(place) }
        let decided = decisions.lazy.map { (job: places[Int($0.job)], cell: $0.cell) }.filter { $0.job >= 0 }
        return DecidedCells(plan.cells, numbers, Array(decided))
    }

    /// The results that may be relied on, of jobs that are not to run.
    var known: [Digest: CellResult] {
        var known: [Digest: CellResult] = [:]
        for (number, result) in resultOfJob.enumerated() where result >= 0 { known[ids[number]] = results[result] }
        return known
    }

    // MARK: Finding jobs

    /// Finds the jobs that decide the cell, and all that they are built over.
    mutating func visit(_ cell: PlannedCell, isChanged: Bool) {
        guard case .jobs(let build, let test) = cell.basis else { return }
        let job = number(of: test ?? build, for: cell.cell.target)
        isDeciding[job] = true
        raise(job, to: JobPriority(priority: cell.priority, isChanged: isChanged))
    }

    /// The number of a job. Where it is new, all that it is built over is put in order before it, the last input first.
    private mutating func number(of id: Digest, for target: String) -> Int {
        if let known = numbers[id] { return known }
        let first = add(id, for: target)
        var stack = [(job: first, inputs: plan.jobs[id]?.inputs ?? [], left: inputs[first].count)]
        while let top = stack.last {
            guard top.left > 0 else {
                stack.removeLast()
                if targetOfJob[top.job] > -2 { order.append(top.job) }
                continue
            }
            stack[stack.count - 1].left -= 1
            let input = top.inputs[top.left - 1]
            if let known = numbers[input] {
                inputs[top.job][top.left - 1] = known
            } else {
                let number = add(input, for: target)
                inputs[top.job][top.left - 1] = number
                stack.append((number, plan.jobs[input]?.inputs ?? [], inputs[number].count))
            }
        }
        return first
    }

    private mutating func add(_ id: Digest, for target: String) -> Int {
        let number = ids.count
        numbers[id] = number
        ids.append(id)
        let job = plan.jobs[id]
        inputs.append(Array(repeating: -1, count: job?.inputs.count ?? 0))
        targetOfJob.append(job.map { place(of: environments[target]?[$0.environment]) } ?? -2)
        resultOfJob.append(-1)
        blockedBy.append(-1)
        priorityOfJob.append(nil)
        isSelected.append(false)
        isDeciding.append(false)
        decidedCells.append(0)
        return number
    }

    private mutating func place(of target: Plan.Target?) -> Int32 {
        guard let target else { return -1 }
        if let known = allTargets.lastIndex(where: {
            $0.name == target.name && $0.environment == target.environment && $0 == target
        }) {
            return Int32(known)
        }
        allTargets.append(target)
        return Int32(allTargets.count - 1)
    }

    // MARK: Selecting

    /// Finds out what is known of each job: a verdict counts while it was reached over the layers that the inputs have.
    ///
    /// A failure blocks all that is built over it. One of the infrastructure says nothing about jobs that have a verdict.
    mutating func judge(_ lookUp: (Digest) -> CellResult?) {
        // For each job where the result is of an input, direct or indirect, that has no layer for it; or -1.
        var hindrances = Array(repeating: -1, count: ids.count)
        for job in order {
            var mayHaveBase = true
            for input in inputs[job] {
                let own = resultOfJob[input]
                if own < 0 { mayHaveBase = false }
                let result = own >= 0 && results[own].outcome != .success ? own : hindrances[input]
                let isMoreUseful = hindrances[job] < 0 || results[hindrances[job]].outcome != .failure
                if result >= 0, isMoreUseful { hindrances[job] = result }
            }
            let id = ids[job]
            let base = mayHaveBase ? plan.jobs[id].flatMap { layers.base(of: $0) } : nil
            var found = lookUp(id)
            if let result = found, result.isVerdictOnJob, let over = result.base, let base, over != base { found = nil }
            let cause = hindrances[job]
            if cause >= 0, results[cause].outcome == .failure || found == nil {
                blockedBy[job] = cause
                continue
            }
            guard let result = found else { continue }
            resultOfJob[job] = results.count
            results.append(result)
            if result.outcome == .success, let layer = result.layer, let base {
                layers.set(layer, of: id, over: base)
            }
        }
    }

    /// Selects the jobs to run: those that decide wanted cells and have no verdict, what these are built over and has no
    /// layer, and verdicts in between that may change.
    mutating func select(holds: (Digest) -> Bool) {
        var isBelow = Array(repeating: false, count: ids.count)
        for job in order.reversed() {
            if blockedBy[job] < 0, isBelow[job] || isDeciding[job] {
                isSelected[job] = isToRun(job, isBelow: isBelow[job], holds: holds)
            }
            if isBelow[job] || isSelected[job] {
                for input in inputs[job] { isBelow[input] = true }
            }
        }
        for job in order where isBelow[job] && !isSelected[job] && resultOfJob[job] >= 0 {
            guard results[resultOfJob[job]].outcome == .success else { continue }
            isSelected[job] = inputs[job].contains { isSelected[$0] }
        }
        for job in order where isSelected[job] && resultOfJob[job] >= 0 {
            resultOfJob[job] = -1
            layers.remove(ids[job])
        }
    }

    private func isToRun(_ job: Int, isBelow: Bool, holds: (Digest) -> Bool) -> Bool {
        guard resultOfJob[job] >= 0 else { return true }
        let result = results[resultOfJob[job]]
        return isBelow && result.outcome == .success && result.layer.map { !holds($0) } ?? true
    }

    // MARK: Order

    private mutating func raise(_ job: Int, to priority: JobPriority) {
        priorityOfJob[job] = priorityOfJob[job].map { max($0, priority) } ?? priority
    }

    /// Hands priorities down to inputs that are to run.
    mutating func propagatePriorities() {
        for job in order.reversed() where isSelected[job] {
            guard let priority = priorityOfJob[job] else { continue }
            for input in inputs[job] where isSelected[input] { raise(input, to: priority) }
        }
    }

    /// How many cells wait for each job that is to run, in the order of `pending`: those that it decides, and those decided by
    /// what is built over it.
    func waiting(_ pending: [Int]) -> [Int] {
        var waiting = Array(repeating: 0, count: ids.count)
        var seenBy = Array(repeating: -1, count: ids.count)
        for job in order where isSelected[job] && decidedCells[job] > 0 {
            var open = [job]
            while let next = open.popLast() {
                waiting[next] += decidedCells[job]
                for input in inputs[next] where isSelected[input] && seenBy[input] != job {
                    seenBy[input] = job
                    open.append(input)
                }
            }
        }
        return pending.map { waiting[$0] }
    }

    // MARK: Cells

    /// Gives the cell its verdict where it needs no run, else notes which job will decide it.
    ///
    /// - Parameter place: of the cell in the plan.
    mutating func settle(_ place: Int, recorded: CellResult?) {
        let cell = plan.cells[place]
        switch cell.basis {
        case .excluded:
            return
        case .unsolvable(let explanation):
            if recorded?.outcome == .unsolvable, recorded?.reason == explanation { return }
            var result = CellResult(
                cell: cell.cell, job: nil, outcome: .unsolvable, repositories: plan.repositories.map(\.commit))
            result.reason = explanation
            settled.append(result)
        case .jobs(let build, let test):
            let deciding = test ?? build
            let number = numbers[deciding]
            guard let result = verdict(of: cell.cell, deciding: deciding, number) else {
                if let number {
                    decisions.append((Int32(number), Int32(place)))
                    decidedCells[number] += 1
                }
                return
            }
            if cell.isProvisional, result.outcome == .success { return }
            let cause = number.map { blockedBy[$0] } ?? -1
            if result.outcome == .blocked, cause >= 0, let job = results[cause].job {
                blockedCells[job, default: 0] += 1
            }
            if recorded.map({ !$0.isSameVerdict(as: result) }) ?? true { settled.append(result) }
        }
    }

    private func verdict(of cell: Cell, deciding: Digest, _ number: Int?) -> CellResult? {
        guard let number else { return nil }
        if blockedBy[number] >= 0 {
            return CellResult(blocking: cell, job: deciding, behind: results[blockedBy[number]], in: plan)
        }
        guard resultOfJob[number] >= 0 else { return nil }
        var result = results[resultOfJob[number]]
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
