internal import OpamFormat

/// The search for the goal of a request in the residual problem of its prefix.
struct ResidualSearch: Sendable {
    let residual: ResidualProblem
    private(set) var search: Search
    private let root: Candidate
    private let checkpoint: CompiledProblem.Checkpoint
    private var compilers: [DependencyScope: ProblemCompiler] = [:]
    private var changedDependencies: [(candidate: Candidate, range: Range<Int>)] = []

    init(_ residual: ResidualProblem, root: Candidate) {
        self.residual = residual
        self.root = root
        checkpoint = residual.problem.checkpoint
        search = Search(residual.problem)
    }

    /// Searches for the versions of a name.
    mutating func run(_ name: Universe.NameID, _ versions: VersionSet, budget: Int) -> SearchResult {
        let goal: SlotConstraint = (name, search.problem.sets.add(versions.ranges))
        search.problem.dependencies.replace(root, with: [goal])
        search.growToProblem(from: checkpoint)
        return search.run(from: root, budget: budget)
    }

    /// Replaces the dependencies of the candidates of a name by those of another scope.
    mutating func change(
        _ name: Universe.NameID, to scope: DependencyScope, _ target: TargetUniverse, _ decisions: FilterDecisions
    ) {
        var compiler =
            compilers.removeValue(forKey: scope) ?? ProblemCompiler(target.universe, target.filters, decisions)
        for candidate in search.problem.order[name] {
            changedDependencies.append((candidate, search.problem.dependencies.range(candidate)))
            let first = Slot(search.problem.slotCount)
            let constraints = compiler.dependencies(
                of: target.universe.packages.depends[candidate.index], &search.problem)
            for choice in first..<Slot(search.problem.slotCount) { reduce(choice) }
            // A violated dependency eliminates the candidate: the empty set has no candidate.
            let open =
                residual.reduced(constraints, search.problem.sets) ?? [(name, search.problem.sets.add([]))]
            search.problem.dependencies.replace(candidate, with: open)
        }
        compilers[scope] = compiler
    }

    private mutating func reduce(_ choice: Slot) {
        var open: [Candidate] = []
        for alternative in search.problem.order[choice] {
            let constraints = search.problem.dependencies.range(alternative).map {
                (slot: search.problem.dependencies.slot($0), set: search.problem.dependencies.set($0))
            }
            guard let reduced = residual.reduced(constraints, search.problem.sets) else { continue }
            search.problem.dependencies.replace(alternative, with: reduced)
            open.append(alternative)
        }
        search.problem.order.replace(choice, with: open)
    }

    /// Whether other decisions in the prefix could allow a solution that the search has missed.
    var dependsOnDecisions: Bool {
        !changedDependencies.isEmpty || search.statistics.examined.contains { residual.isNarrowed(at: $0) }
    }

    /// The answer of a search that has ended with `result`.
    func answer(_ result: SearchResult, _ universe: Universe) -> ResidualAnswer {
        ResidualAnswer(
            selection: result == .solved ? search.visitedPackages(universe) : nil,
            names: search.examinedNames(universe))
    }

    /// Removes the goal.
    mutating func reset() {
        search.reset()
        for (candidate, range) in changedDependencies.reversed() {
            search.problem.dependencies.restore(candidate, to: range)
        }
        if !changedDependencies.isEmpty {
            for scope in compilers.keys { compilers[scope]?.forgetSets() }
            changedDependencies.removeAll()
        }
        search.problem.dependencies.restore(root, to: 0..<0)
        search.problem.rollback(to: checkpoint)
    }
}

/// The part of an answer that comes after the prefix.
struct ResidualAnswer {
    /// In the order of a selection; nil if there is no solution.
    let selection: [Universe.PackageID]?
    /// The names examined, increasing.
    let names: [Universe.NameID]
}
