internal import Core
internal import Model
internal import Scheduler

/// Computes a worklist.
///
/// Jobs are numbered in the order of discovery. A plan has tens of thousands with about ten inputs each, so each input
/// is looked up by id only once.
struct WorklistBuilder {
    let plan: Plan
    private let environments: [String: [Digest: Plan.Target]]

    // MARK: By the numbers of jobs

    private var numbers: [Digest: Int] = [:]
    private(set) var ids: [Digest] = []
    private var inputs: [[Int]] = []
    private(set) var inputIDs: [[Digest]] = []
    private var allTargets: [Plan.Target] = []
    /// The index of each job's target in `allTargets`; -1 if the plan has no target for it, -2 if the plan does not
    /// have the job.
    private var targetOfJob: [Int32] = []
    /// The index of each job's result in `results`, or -1 if there is no reliable one.
    private var resultOfJob: [Int] = []
    /// The index of the result of the known failure that blocks each job, or -1.
    private var blockedBy: [Int] = []
    private(set) var priorityOfJob: [JobPriority?] = []
    private var isSelected: [Bool] = []
    private var isDeciding: [Bool] = []
    /// The number of selected cells that each job will decide.
    private var decidedCells: [Int] = []
    /// The jobs needed by selected cells, in topological order (inputs first).
    private var order: [Int] = []
    private var results: [CellResult] = []

    // MARK: What comes of it

    private(set) var settled: [CellResult] = []
    /// Jobs with the indexes of the cells that they will decide.
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

    /// The jobs to run, inputs first.
    var pending: [Int] { order.filter { isSelected[$0] } }

    func numbers(of pending: [Int]) -> JobNumbers<Digest> {
        var numbers = JobNumbers<Digest>()
        for job in pending { _ = numbers.add(ids[job]) }
        return numbers
    }

    func target(of job: Int) -> Plan.Target? { targetOfJob[job] < 0 ? nil : allTargets[Int(targetOfJob[job])] }

    func targets(of pending: [Int], _ numbers: JobNumbers<Digest>) -> JobTargets {
        JobTargets(numbers, allTargets, targetOfJob: pending.map { targetOfJob[$0] })
    }

    func cellsDecided(of pending: [Int], _ numbers: JobNumbers<Digest>) -> DecidedCells {
        var indices = Array(repeating: Int32(-1), count: ids.count)
        for (index, job) in pending.enumerated() { indices[job] = Int32(index) }
        let decided = decisions.lazy.map { (job: indices[Int($0.job)], cell: $0.cell) }.filter { $0.job >= 0 }
        return DecidedCells(plan.cells, numbers, Array(decided))
    }

    /// The reliable results of jobs that are not run.
    var known: [Digest: CellResult] {
        var known = [Digest: CellResult](minimumCapacity: results.count)
        for (number, result) in resultOfJob.enumerated() where result >= 0 { known[ids[number]] = results[result] }
        return known
    }

    // MARK: Finding jobs

    /// Visits the jobs that decide the cell, and all their inputs.
    mutating func visit(_ cell: PlannedCell, isChanged: Bool) {
        guard case .jobs(let build, let test) = cell.basis else { return }
        let job = number(of: test ?? build, for: cell.cell.target)
        isDeciding[job] = true
        raise(job, to: JobPriority(priority: cell.priority, isChanged: isChanged))
    }

    /// The number of a job. A new job is appended to `order` after all its inputs (iterative depth-first search).
    private mutating func number(of id: Digest, for target: String) -> Int {
        if let known = numbers[id] { return known }
        let first = add(id, for: target)
        var stack = [(job: first, inputs: inputIDs[first], left: inputs[first].count)]
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
                stack.append((number, inputIDs[number], inputs[number].count))
            }
        }
        return first
    }

    private mutating func add(_ id: Digest, for target: String) -> Int {
        let number = ids.count
        numbers[id] = number
        ids.append(id)
        let job = plan.jobs[id]
        inputIDs.append(job?.inputs ?? [])
        inputs.append(Array(repeating: -1, count: inputIDs[number].count))
        targetOfJob.append(job.map { index(of: environments[target]?[$0.environment]) } ?? -2)
        resultOfJob.append(-1)
        blockedBy.append(-1)
        priorityOfJob.append(nil)
        isSelected.append(false)
        isDeciding.append(false)
        decidedCells.append(0)
        return number
    }

    private mutating func index(of target: Plan.Target?) -> Int32 {
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

    /// Determines the known result of each job: a verdict is valid if it was computed over the current layers of the
    /// inputs.
    ///
    /// A failure blocks all dependents. An infrastructure failure does not affect jobs that have a verdict.
    mutating func judge(_ lookUp: (Digest) -> CellResult?) {
        // For each job, the index of the result of a direct or indirect input without a layer, or -1.
        var hindrances = Array(repeating: -1, count: ids.count)
        var stacks = Array(repeating: Int32(-1), count: ids.count)
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
            let base = mayHaveBase ? layers.base(over: inputs[job].lazy.map { stacks[$0] }) : nil
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
                stacks[job] = layers.set(layer, of: id, over: base)
            }
        }
    }

    /// Selects the jobs to run: those without a verdict that decide selected cells, their inputs without a layer, and
    /// jobs in between whose verdicts may change.
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

    /// Propagates priorities to inputs that are to run.
    mutating func propagatePriorities() {
        for job in order.reversed() where isSelected[job] {
            guard let priority = priorityOfJob[job] else { continue }
            for input in inputs[job] where isSelected[input] { raise(input, to: priority) }
        }
    }

    /// The number of cells that wait for each job to run, in the order of `pending`: those that it decides, and those
    /// decided by its dependents.
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

    /// Settles a cell that needs no execution, or records which job will decide it.
    ///
    /// - Parameter index: The index of the cell in the plan.
    mutating func settle(_ index: Int, recorded: CellResult?) {
        let cell = plan.cells[index]
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
            guard var result = verdict(of: cell.cell, deciding: deciding, number) else {
                if let number {
                    decisions.append((Int32(number), Int32(index)))
                    decidedCells[number] += 1
                }
                return
            }
            if cell.isProvisional, result.outcome == .success { return }
            let cause = number.map { blockedBy[$0] } ?? -1
            if result.outcome == .blocked, cause >= 0, let job = results[cause].job {
                blockedCells[job, default: 0] += 1
            }
            if let recorded, recorded.isSameVerdict(as: result) { return }
            result.setBlockedChain(in: plan)
            settled.append(result)
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
    /// Whether both results are of the same execution, or are blocked by the same package.
    func isSameVerdict(as other: CellResult) -> Bool {
        job == other.job && outcome == other.outcome && blockedBy == other.blockedBy && execution == other.execution
            && isVerdict == other.isVerdict
    }
}
