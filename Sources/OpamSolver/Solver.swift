internal import OpamFormat

/// Answers requests for one target. Not thread-safe; creating one is cheap.
public struct Solver: Sendable {
    /// The universe evaluated for the target.
    public let target: TargetUniverse
    var search: Search
    let root: Candidate
    /// The roots of the request that is being solved.
    var roots: [PackageConstraint] = []
    /// The problem of the target, without a request.
    let checkpoint: CompiledProblem.Checkpoint
    var prefixes = PrefixCache()
    private var decisions: [DependencyScope: FilterDecisions] = [:]
    var compilers: [DependencyScope: ProblemCompiler] = [:]
    var changedOrders: [(slot: Slot, range: Range<Int>)] = []
    /// The original rows of candidates whose constraints were changed, in the order of the changes.
    var savedRows: [SavedRows] = []
    /// Set while a request is explained.
    var implied = ImpliedVersions()
    /// Finds the versions that atoms of opam files allow; created for the first explanation.
    var atomCompiler: ProblemCompiler?

    public init(_ target: TargetUniverse) {
        self.target = target
        var problem = target.problem
        let slot = problem.addSlot()
        root = problem.addCandidate(to: slot)
        problem.order.replace(slot, with: [root])
        checkpoint = problem.checkpoint
        search = Search(problem)
    }

    /// Solves a request.
    ///
    /// The verdict and the selection depend on the request and the target only, not on earlier requests.
    public mutating func solve(_ request: Request) -> Resolution {
        guard request.roots.count > 1 else { return solveWhole(request, nil, spent: 0) }
        let index = prefix(of: request)
        if prefixes[index].rulesOut(request, in: target.universe) {
            let examined = prefixes[index].examined.filter { isName($0) }
            return Resolution(status: .unsolvable, examined: examined.sorted(), steps: 0)
        }
        var spent = 0
        if let goal = prefixes[index].goal(of: request, in: target) {
            let decisions = goal.hasOwnScope ? decisions(in: goal.scope) : nil
            let (resolution, steps) = prefixes[index].solve(goal, target, decisions)
            if let resolution { return resolution }
            spent = steps
        }
        return solveWhole(request, prefixes[index], spent: spent)
    }

    /// Searches from the first root.
    mutating func solveWhole(_ request: Request, _ prefix: SolvedPrefix?, spent: Int) -> Resolution {
        guard prepare(request) else {
            reset()
            return Resolution(status: .unsolvable, examined: [], steps: 0)
        }
        if let prefix, prefix.applies(to: request, in: target.universe) {
            search.add(prefix.learnedClauses)
            for slot in prefix.examined { search.statistics.examine(slot) }
        }
        let result = search.run(from: root, budget: request.budget - spent)
        let resolution = Resolution(
            result, search.visitedPackages(target.universe), examined: search.examinedNames(target.universe),
            steps: search.statistics.steps + spent)
        reset()
        return resolution
    }

    func isName(_ slot: Slot) -> Bool { slot.index < target.universe.nameCount }

    mutating func decisions(in scope: DependencyScope) -> FilterDecisions {
        if let known = decisions[scope] { return known }
        let new = FilterDecisions(target.universe, target.filters, target.variables, scope)
        decisions[scope] = new
        return new
    }
}
