internal import OpamFormat

/// The goal of a request: its last root, which is solved in the residual problem of the others.
struct GoalQuery {
    let name: Universe.NameID
    let versions: VersionSet
    let scope: DependencyScope
    let budget: Int

    var hasOwnScope: Bool { scope != DependencyScope() }
}

extension SolvedPrefix {
    /// The goal of a request; nil when the request has to be solved as a whole, because the prefix has no solution or
    /// the options of the goal may change it.
    func goal(of request: Request, in target: TargetUniverse) -> GoalQuery? {
        let last = request.roots[request.roots.count - 1]
        guard let name = target.universe.nameID(last.name.text), search?.residual.isExamined(name) == false else {
            return nil
        }
        // Versions with avoid-version are candidates only where they are requested exactly.
        if request.requestedExactly.contains(last.name), target.problem.order.range(name).isEmpty { return nil }
        var scope = DependencyScope()
        scope.withTest = request.withTest.contains(last.name)
        scope.withDoc = request.withDoc.contains(last.name)
        let goal = GoalQuery(
            name: name, versions: target.universe.versionSet(of: name, last.versions), scope: scope,
            budget: request.budget)
        if goal.hasOwnScope, request.pins[last.name]?.text == "dev" || lacksVersion(for: goal, in: target) {
            return nil
        }
        return goal
    }

    /// Whether a requested version was eliminated. In another scope it may have other dependencies, and may therefore
    /// be selectable.
    private func lacksVersion(for goal: GoalQuery, in target: TargetUniverse) -> Bool {
        guard let search else { return false }
        let open = Set(search.residual.problem.order[goal.name])
        return target.problem.order[goal.name].contains { goal.versions.contains($0) && !open.contains($0) }
    }

    /// Solves the goal in the residual problem.
    ///
    /// - Parameter decisions: the filters in the scope of the goal, if it has one of its own.
    /// - Returns: the resolution, if it holds for the whole request, and the steps spent.
    mutating func solve(
        _ goal: GoalQuery, _ target: TargetUniverse, _ decisions: FilterDecisions?
    ) -> (resolution: Resolution?, steps: Int) {
        search?.solve(goal, target, decisions) ?? (nil, 0)
    }
}

extension ResidualSearch {
    fileprivate mutating func solve(
        _ goal: GoalQuery, _ target: TargetUniverse, _ decisions: FilterDecisions?
    ) -> (resolution: Resolution?, steps: Int) {
        if let decisions { change(goal.name, to: goal.scope, target, decisions) }
        let result = run(goal.name, goal.versions, budget: goal.budget)
        defer { reset() }
        let steps = search.statistics.steps
        if result == .unsolvable, dependsOnDecisions { return (nil, steps) }
        var resolution = residual.resolution(answer(result, target.universe), target.universe)
        if result == .budgetExhausted { resolution.status = .limit }
        resolution.steps = steps
        return (resolution, steps)
    }
}

extension ResidualProblem {
    /// An answer together with the decisions of the prefix.
    func resolution(_ answer: ResidualAnswer, _ universe: Universe) -> Resolution {
        Resolution(
            status: answer.selection.map { .solved(universe.merged(selection, $0)) } ?? .unsolvable,
            examined: examined(with: answer.names, isSolved: answer.selection != nil), steps: 0)
    }
}
