internal import OpamFormat

/// Explains why a request has no solution. The proof of the search gives an unsatisfiable core. Constraint groups are
/// deleted from it one by one, those farthest from the request first, as long as it remains unsatisfiable. The
/// remainder is a minimal unsatisfiable core (deletion filter: Chinneck and Dravnieks, 1991).
extension Solver {
    /// Why `request` has no solution; nil if it has one, or the budget was exhausted before that was known.
    ///
    /// - Complexity: One more solve for each constraint group of the proof: tens, on small problems.
    public mutating func explain(_ request: Request) -> Explanation? {
        let implied = impliedVersions(request)
        guard prepare(request) else { return unknownRoot(request) }
        defer { reset() }
        addDependencies(on: implied)
        search.proof = Proof()
        let end = search.run(from: root, budget: request.budget)
        let clauses = search.clausesOfProof()
        // Deleting a group can make a problem harder; a group whose trial exceeds the budget is kept.
        let budget = min(request.budget, Solver.leastTrial + Solver.trialFactor * search.statistics.steps)
        let examined = search.statistics.examined
        search.proof = nil
        search.reset()
        guard end == .unsolvable else { return nil }
        var core = Set(clauses.compactMap { group(of: $0) })
        let mentioned = slots(of: core).union(core.compactMap(\.owner))
        let changes = savedRows.count
        keepOnly(core, in: slots(of: core))
        for group in inDeletionOrder(core) where isUnsatisfiable(without: group, core, budget) {
            core.remove(group)
        }
        restoreRows(downTo: changes)
        let order = order(over: core)
        let relevant = relevantVersions(core)
        if atomCompiler == nil { atomCompiler = ProblemCompiler(target.universe, target.filters, target.decisions) }
        return Explanation(
            facts: core.sorted(by: order.areOrdered).flatMap { facts(of: $0, relevant) },
            examined: Set(examined).union(mentioned).union(implied.examined).filter(isName))
    }

    /// Adds the versions implied by the prefix as dependencies of the request: how a compiler depends on its own
    /// packages does not explain why a package cannot be installed with it.
    private mutating func addDependencies(on all: ImpliedVersions) {
        let own = search.problem.dependencies.range(root).map {
            (search.problem.dependencies.slot($0), search.problem.dependencies.set($0))
        }
        let asked = Set(own.map(\.0))
        implied = all
        implied.versions.removeAll { asked.contains(search.problem.slot(of: $0)) }
        let added = implied.versions.map { version in
            (search.problem.slot(of: version), search.problem.sets.add([version..<version.advanced(by: 1)]))
        }
        search.problem.dependencies.replace(root, with: own + added)
    }

    private func order(over core: Set<ConstraintGroup>) -> ConstraintOrder {
        ConstraintOrder(
            over: core, from: search.problem.slot(of: root), asking: roots.map(\.name.text), in: target.universe)
    }

    /// The groups with the most distinct constraints first, then those farthest from the request.
    private func inDeletionOrder(_ core: Set<ConstraintGroup>) -> [ConstraintGroup] {
        let order = order(over: core)
        let weighed = core.map { (weight: weight(of: $0), group: $0) }
        return weighed.sorted { left, right in
            left.weight == right.weight
                ? order.areOrdered(right.group, left.group) : left.weight > right.weight
        }.map(\.group)
    }

    /// The number of distinct constraints in the group.
    private func weight(of group: ConstraintGroup) -> Int {
        guard let owner = group.owner else { return 1 }
        let sets = search.problem.order[owner].map { candidate in
            search.problem.dependencies.range(candidate).filter { self.group(candidate, dependency: $0) == group }
                .map { search.problem.dependencies.set($0) }
        }
        return Set(sets).count
    }

    private static let leastTrial = 100_000
    private static let trialFactor = 10

    private func unknownRoot(_ request: Request) -> Explanation? {
        let unknown = request.roots.first { target.universe.nameID($0.name.text) == nil }
        return unknown.map { root in
            let wanted = Explanation.Wanted(text: root.plainText, state: .noSuchPackage)
            return Explanation(facts: [Explanation.Fact(subject: .request, claim: .needs([wanted]))])
        }
    }
}

// MARK: - The core

extension Solver {
    /// The names that a slot represents: itself, or those of its alternatives.
    func names(of slot: Slot) -> [Slot] {
        isName(slot) ? [slot] : search.problem.order[slot].flatMap { constraints(of: $0).map(\.slot) }
    }

    /// The dependencies of a candidate, with a choice replaced by those of its alternatives.
    func constraints(of candidate: Candidate) -> [SlotConstraint] {
        search.problem.dependencies.range(candidate).flatMap { needed($0) }
    }

    /// The root and all names that occur in the core.
    private func slots(of core: Set<ConstraintGroup>) -> Set<Slot> {
        var slots: Set<Slot> = [search.problem.slot(of: root)]
        for group in core {
            if case .dependency(_, let names) = group { slots.formUnion(names) }
        }
        return slots
    }

    func group(_ candidate: Candidate, dependency: Int) -> ConstraintGroup {
        .dependency(of: search.problem.slot(of: candidate), names(of: search.problem.dependencies.slot(dependency)))
    }

    func group(_ candidate: Candidate, conflict: Int) -> ConstraintGroup {
        .conflict(of: search.problem.slot(of: candidate), search.problem.conflicts.slot(conflict))
    }

    /// The group of the constraint that a clause represents; nil if the clause always holds or is part of a choice.
    func group(of clause: Clause) -> ConstraintGroup? {
        switch clause {
        case .learned: nil
        case .dependency(let candidate, let index): isOwner(candidate) ? group(candidate, dependency: Int(index)) : nil
        case .exclusion(let one, let other): exclusionGroup(one, other) ?? exclusionGroup(other, one)
        }
    }

    /// Whether a candidate is a version or the root: an alternative belongs to the version that has the choice.
    private func isOwner(_ candidate: Candidate) -> Bool {
        candidate == root || isName(search.problem.slot(of: candidate))
    }

    /// The dependency or conflict of a version that excludes another version.
    private func exclusionGroup(_ candidate: Candidate, _ other: Candidate) -> ConstraintGroup? {
        let problem = search.problem
        let slot = problem.slot(of: other)
        guard isOwner(candidate), candidate == other || slot != problem.slot(of: candidate) else { return nil }
        for need in problem.dependencies.range(candidate)
        where problem.dependencies.slot(need) == slot
            && !problem.sets.contains(other, in: problem.dependencies.set(need))
        {
            return group(candidate, dependency: need)
        }
        for conflict in problem.conflicts.range(candidate)
        where problem.conflicts.slot(conflict) == slot
            && problem.sets.contains(other, in: problem.conflicts.set(conflict))
        {
            return group(candidate, conflict: conflict)
        }
        return problem.atMostOneGroups[candidate].first { problem.atMostOneGroups[other].contains($0) }.map {
            .conflictClass($0)
        }
    }

    /// Whether the core has no solution without `group` either; if so, the group is removed from the problem.
    private mutating func isUnsatisfiable(without group: ConstraintGroup, _ core: Set<ConstraintGroup>, _ budget: Int)
        -> Bool
    {
        let changes = savedRows.count
        keepOnly(core.subtracting([group]), in: group.owner.map { [$0] } ?? slots(of: core))
        let result = search.run(from: root, budget: budget)
        search.reset()
        if result == .unsolvable { return true }
        restoreRows(downTo: changes)
        return false
    }

    /// Restricts the candidates of `slots` to the constraints in `core`.
    private mutating func keepOnly(_ core: Set<ConstraintGroup>, in slots: Set<Slot>) {
        for candidate in slots.flatMap({ Array(search.problem.order[$0]) }) {
            saveRows(of: candidate)
            let (dependencies, conflicts, groups) = rows(of: candidate, in: core)
            search.problem.dependencies.replace(candidate, with: dependencies)
            search.problem.conflicts.replace(candidate, with: conflicts)
            search.problem.atMostOneGroups.replace(candidate, with: groups)
        }
    }

    private func rows(
        of candidate: Candidate, in core: Set<ConstraintGroup>
    ) -> (dependencies: [SlotConstraint], conflicts: [SlotConstraint], groups: [Int32]) {
        let problem = search.problem
        let needs = problem.dependencies.range(candidate).filter { core.contains(group(candidate, dependency: $0)) }
        let conflicts = problem.conflicts.range(candidate).filter { core.contains(group(candidate, conflict: $0)) }
        return (
            needs.map { (problem.dependencies.slot($0), problem.dependencies.set($0)) },
            conflicts.map { (problem.conflicts.slot($0), problem.conflicts.set($0)) },
            problem.atMostOneGroups[candidate].filter { core.contains(.conflictClass($0)) }
        )
    }
}
