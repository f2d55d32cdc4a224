package import Core
package import Model
internal import Scheduler

/// The worklist of a run: the jobs without a known outcome that selected cells need.
///
/// Every direct or indirect input of a job to run is itself a job to run, or a success whose layer is available. A job
/// starts only when all its inputs have layers.
///
/// - SeeAlso: `docs/decisions/0045-priorities.md`
package struct RunWorklist: Sendable {
    /// A job to run.
    package struct Node: Sendable {
        package var id: Digest
        /// Its direct inputs, including known ones.
        package var inputs: [Digest]
        /// The priority; greater ones run earlier.
        package var priority: Int
        /// The expected duration in seconds.
        package var cost: Double
        /// The name of its target.
        package var target: String
    }

    /// The number of selected cells.
    package let cells: Int
    /// The jobs to run, in topological order. A job with a verdict is included if one of its inputs and one of its
    /// dependents are, because its verdict may become invalid when the input has a new layer.
    package let nodes: [Node]
    /// Results that need no execution: of unsolvable cells, and of cells whose deciding job has a known result.
    package let settled: [CellResult]
    /// The selected cells by the job that decides them.
    package let cellsDecided: DecidedCells
    /// The target of each job.
    package let targets: JobTargets
    /// The known results of jobs that are not run.
    package let known: [Digest: CellResult]
    /// The known layers of inputs.
    package let layers: InputLayers
    /// The number of selected cells blocked by each known failure.
    package let blocked: [Digest: Int]
    /// The jobs whose failure would break a good cell, or a package that was built when it last could be, so that it must
    /// be confirmed.
    package let toConfirm: Set<Digest>
    /// The numbers of the jobs to run: their indexes in `nodes`.
    let numbers: JobNumbers<Digest>

    /// Whether there is nothing to run and nothing to record.
    package var isEmpty: Bool { nodes.isEmpty && settled.isEmpty }

    /// Computes the worklist.
    ///
    /// - Parameters:
    ///   - wanted: Whether a cell of the plan is selected.
    ///   - known: The reliable result of a job: a verdict, or an infrastructure failure that must not be retried.
    ///   - holds: Whether the layer of a success is available.
    ///   - seconds: The expected duration of a job.
    ///   - isChanged: Whether a cell differs from the plan of the previous run.
    ///   - last: The result with the last verdict on a cell, on any version of the package.
    /// - Complexity: O(cells + jobs + inputs), plus the number of jobs that each cell waits for.
    package init(
        plan: Plan, wanted: (PlannedCell) -> Bool, recorded: (Cell) -> CellResult?,
        known lookUp: (Digest) -> CellResult?, holds: (Digest) -> Bool = { _ in true },
        seconds: (Job) -> Double = { _ in 1 },
        isChanged: (Cell) -> Bool = { _ in false }, last: (Cell) -> CellResult? = { _ in nil }
    ) {
        var builder = WorklistBuilder(plan: plan)
        let wantedCells = plan.cells.indices.filter { wanted(plan.cells[$0]) }
        cells = wantedCells.count
        for cell in wantedCells { builder.visit(plan.cells[cell], isChanged: isChanged(plan.cells[cell].cell)) }
        builder.judge(lookUp)
        builder.select(holds: holds)
        builder.propagatePriorities()
        for cell in wantedCells { builder.settle(cell, recorded: recorded(plan.cells[cell].cell)) }
        let pending = builder.pending
        numbers = builder.numbers(of: pending)
        targets = builder.targets(of: pending, numbers)
        cellsDecided = builder.cellsDecided(of: pending, numbers)
        nodes = zip(pending, builder.waiting(pending)).map { number, waiting in
            let id = builder.ids[number]
            return .init(
                id: id, inputs: builder.inputIDs[number],
                priority: (builder.priorityOfJob[number] ?? JobPriority()).priority(waiting: waiting),
                cost: plan.jobs[id].map(seconds) ?? 1, target: builder.target(of: number)?.name ?? "")
        }
        toConfirm = Self.toConfirm(nodes, cellsDecided, last)
        settled = builder.settled
        known = builder.known
        layers = builder.layers
        blocked = builder.blockedCells
    }
}

extension RunWorklist {
    /// The jobs that decide good cells, and all their inputs; and those that decide cells whose packages were built
    /// before something else made the cells bad, without their inputs.
    private static func toConfirm(
        _ nodes: [Node], _ cells: DecidedCells, _ last: (Cell) -> CellResult?
    ) -> Set<Digest> {
        var found: Set<Digest> = []
        for node in nodes.reversed() {
            if !found.contains(node.id) {
                let results = (cells[node.id] ?? []).compactMap { last($0.cell) }
                guard results.contains(where: { $0.lastVerdict?.outcome == .success }) else {
                    if results.contains(where: { $0.lastBuild?.outcome == .success }) { found.insert(node.id) }
                    continue
                }
            }
            if found.isEmpty { found.reserveCapacity(nodes.count) }
            found.insert(node.id)
            found.formUnion(node.inputs)
        }
        return found
    }
}

/// The ordering criteria of jobs that precede the number of waiting cells.
struct JobPriority: Comparable {
    /// The priority in the matrix's schedule.
    var priority = 0
    /// Whether a changed cell needs the job.
    var isChanged = false

    static func < (left: Self, right: Self) -> Bool {
        left.priority != right.priority ? left.priority < right.priority : !left.isChanged && right.isChanged
    }

    /// Combines the criteria into one number: first the schedule, then changed cells, then the number of waiting cells.
    ///
    /// - Parameter waiting: The number of cells that wait for the job.
    func priority(waiting: Int) -> Int {
        (priority * 2 + (isChanged ? 1 : 0)) * Self.step + min(waiting, Self.step - 1)
    }

    /// A number greater than that of the cells of any plan.
    private static let step = 1 << 21
}

extension CellResult {
    /// The result of a cell whose deciding job cannot run because of `cause`: blocked by that package, or the failure
    /// itself if the cell's own build failed instead of its tests. It lacks the chain; see `setBlockedChain`.
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
        blockedByJob = cause.job
        if cause.outcome == .infrastructure { change = .undecided }
        reason = "\(cause.cell.package): \(cause.reason ?? cause.outcome.rawValue)"
        plugin = cause.plugin
    }

    /// Determines the packages between a blocked job and the failed one.
    ///
    /// - Complexity: O(jobs and inputs on the way), for each cell.
    mutating func setBlockedChain(in plan: Plan) {
        guard outcome == .blocked, let job, let blockedByJob else { return }
        blockedChain = plan.chain(from: job, to: blockedByJob)
    }
}

extension Plan {
    /// The packages on a shortest path from a job to one of its dependencies, without its own.
    ///
    /// - Returns: Nil if the job does not depend on the other one.
    func chain(from job: Digest, to root: Digest) -> [PackageVersion]? {
        var above: [Digest: Digest] = [:]
        var open = [job][...]
        while let next = open.popFirst(), next != root {
            for input in jobs[next]?.inputs ?? [] where input != job && above[input] == nil {
                above[input] = next
                open.append(input)
            }
        }
        var chain: [PackageVersion] = []
        var next = root
        while let over = above[next], let package = jobs[next]?.package {
            chain.append(package)
            next = over
        }
        return chain.isEmpty ? nil : chain.reversed()
    }
}
