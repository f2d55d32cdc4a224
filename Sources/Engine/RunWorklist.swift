package import Core
package import Model
internal import Scheduler

/// What a run has to do: the jobs that wanted cells need and whose outcome is not known.
///
/// Every input of a job to run, direct or indirect, is a job to run itself or a success whose layer is there: no job can
/// start before all that it is built over has a layer.
package struct RunWorklist: Sendable {
    /// A job to run.
    package struct Node: Sendable {
        package var id: Digest
        /// Jobs that it is built over directly, known ones too.
        package var inputs: [Digest]
        /// Greater runs earlier.
        package var priority: Int
        /// Expected seconds.
        package var cost: Double
        /// The name of the target that it runs on.
        package var target: String
    }

    /// How many cells are wanted.
    package let cells: Int
    /// The jobs to run, inputs first. One that has a verdict is among them where an input of it is, and another job over it: whether its
    /// verdict still holds is known once the input has a layer.
    package let nodes: [Node]
    /// Results that need no run: cells that are unsolvable, and cells whose deciding job is known.
    package let settled: [CellResult]
    /// The wanted cells, by the job that decides each.
    package let cellsDecided: DecidedCells
    /// A target for each job, to run it on and to record it under.
    package let targets: JobTargets
    /// What is known of jobs that are not run.
    package let known: [Digest: CellResult]
    /// What the jobs over known jobs are executed over.
    package let layers: InputLayers
    /// For each known failure, how many wanted cells it blocks.
    package let blocked: [Digest: Int]
    /// The jobs to run whose failure would break a cell that was good.
    package let toConfirm: Set<Digest>
    /// The numbers of the jobs to run: their places in `nodes`.
    let numbers: JobNumbers<Digest>

    /// Whether there is nothing to run and nothing to record.
    package var isEmpty: Bool { nodes.isEmpty && settled.isEmpty }

    /// Works out what is to be done.
    ///
    /// - Parameters:
    ///   - wanted: which cells of the plan are to be decided.
    ///   - known: the verdict on a job that may be relied on, a success or a real failure, or its infrastructure failure
    ///     where that is not to be tried again.
    ///   - holds: whether the layer of a success is there.
    ///   - seconds: how long a job is expected to run.
    ///   - isChanged: which cells are not as they were when the deployment was run last.
    ///   - wasGood: on which cells the last verdict, on whatever version of the package, is a success.
    /// - Complexity: O(cells + jobs + inputs), and for each cell the jobs that it waits for.
    package init(
        plan: Plan, wanted: (PlannedCell) -> Bool, recorded: (Cell) -> CellResult?,
        known lookUp: (Digest) -> CellResult?, holds: (Digest) -> Bool = { _ in true },
        seconds: (Job) -> Double = { _ in 1 },
        isChanged: (Cell) -> Bool = { _ in false }, wasGood: (Cell) -> Bool = { _ in false }
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
            let job = plan.jobs[id]
            return .init(
                id: id, inputs: job?.inputs ?? [],
                priority: (builder.priorityOfJob[number] ?? JobPriority()).priority(waiting: waiting),
                cost: job.map(seconds) ?? 1, target: builder.target(of: number)?.name ?? "")
        }
        toConfirm = Self.toConfirm(nodes, cellsDecided, wasGood)
        settled = builder.settled
        known = builder.known
        layers = builder.layers
        blocked = builder.blockedCells
    }
}

extension RunWorklist {
    /// The jobs that decide cells which were good, and all that these are built over.
    private static func toConfirm(
        _ nodes: [Node], _ cells: DecidedCells, _ wasGood: (Cell) -> Bool
    ) -> Set<Digest> {
        var found: Set<Digest> = []
        for node in nodes.reversed() {
            let decides = cells[node.id] ?? []
            guard found.contains(node.id) || decides.contains(where: { wasGood($0.cell) }) else { continue }
            found.insert(node.id)
            found.formUnion(node.inputs)
        }
        return found
    }
}

/// What decides when a job is run, before how many cells wait for it.
struct JobPriority: Comparable {
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
        blockedByJob = cause.job
        blockedChain = cause.job.flatMap { plan.chain(from: job, to: $0) }
        reason = "\(cause.cell.package): \(cause.reason ?? cause.outcome.rawValue)"
        plugin = cause.plugin
    }
}

extension Plan {
    /// The packages of the jobs on a shortest way from a job down to one that it is built over, without its own.
    ///
    /// - Returns: nil where the job is not built over the other.
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
