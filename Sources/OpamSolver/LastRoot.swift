internal import OpamFormat

/// What a request asks for after its beginning.
struct LastRoot {
    let name: Universe.NameID
    let versions: VersionSet
    let scope: DependencyScope
    let budget: Int

    var hasOwnScope: Bool { scope != DependencyScope() }

    /// Nil when the answer is not for others: tests may need other packages elsewhere.
    var question: Question? {
        versions.ranges.count == 1 && !hasOwnScope ? Question(versions: versions.ranges[0]) : nil
    }
}

extension Beginning {
    /// What is left of a request; nil when it has to be searched from its first root on, because the beginning has no
    /// solution or what is said of the last root may change it.
    func lastRoot(of request: Request, in target: TargetUniverse) -> LastRoot? {
        let last = request.roots[request.roots.count - 1]
        guard let name = target.universe.nameID(last.name.text), rest?.remainder.isExamined(name) == false else {
            return nil
        }
        // Versions to be avoided are candidates only where they are asked for.
        if request.requestedExactly.contains(last.name), target.rules.order.range(name).isEmpty { return nil }
        var scope = DependencyScope()
        scope.withTest = request.withTest.contains(last.name)
        scope.withDoc = request.withDoc.contains(last.name)
        let root = LastRoot(
            name: name, versions: target.universe.versionSet(of: name, last.versions), scope: scope,
            budget: request.budget)
        if root.hasOwnScope, request.pins[last.name]?.text == "dev" || lacksVersion(for: root, in: target) {
            return nil
        }
        return root
    }

    /// Whether a version that is asked for is gone. In another scope it may have other needs, and so be there.
    private func lacksVersion(for root: LastRoot, in target: TargetUniverse) -> Bool {
        let left = rest?.remainder.rules.order[root.name] ?? []
        return target.rules.order[root.name].contains { root.versions.contains($0) && !left.contains($0) }
    }

    /// Answers a request by its last root, with everything before it decided.
    ///
    /// - Parameter decisions: What filters come to in the scope of the last root, if it has one of its own.
    /// - Returns: What was found, if that holds for the whole request, and what was spent.
    mutating func solve(
        _ last: LastRoot, _ target: TargetUniverse, _ decisions: FilterDecisions?
    ) -> (resolution: Resolution?, spent: Int) {
        rest?.solve(last, target, decisions, &answers, elsewhere) ?? (nil, 0)
    }
}

extension RestSearch {
    fileprivate mutating func solve(
        _ last: LastRoot, _ target: TargetUniverse, _ decisions: FilterDecisions?,
        _ answers: inout [Question: RestAnswer]?, _ elsewhere: AnswersFromElsewhere?
    ) -> (resolution: Resolution?, spent: Int) {
        let question = answers == nil ? nil : last.question
        if let question, let answer = elsewhere?.answer(to: question, in: remainder) {
            return (remainder.resolution(answer, target.universe), 0)
        }
        if let decisions { change(last.name, to: last.scope, target, decisions) }
        let end = run(last.name, last.versions, budget: last.budget)
        defer { reset() }
        let effort = search.effort
        if end == .unsolvable, couldBeOtherwise { return (nil, effort) }
        let answer = answer(end, target.universe)
        if let question, end != .exhausted { answers?[question] = answer }
        var resolution = remainder.resolution(answer, target.universe)
        if end == .exhausted { resolution.verdict = .limit }
        resolution.effort = effort
        return (resolution, effort)
    }
}

extension Remainder {
    /// An answer together with what the beginning has decided.
    func resolution(_ answer: RestAnswer, _ universe: Universe) -> Resolution {
        Resolution(
            verdict: answer.selection.map { .solved(universe.merged(selection, $0)) } ?? .unsolvable,
            examined: examined(with: answer.names, isSolved: answer.selection != nil), effort: 0)
    }
}
