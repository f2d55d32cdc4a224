internal import OpamFormat

/// Finding out why a request has no solution. The proof that the search has found names the facts that it rests on;
/// of these, one after the other is left out, those farthest from the request first, as long as there is still no
/// solution. What remains is a minimal unsatisfiable core (deletion: Chinneck and Dravnieks, 1991): with any fact less
/// there would be a solution.
extension Solver {
    /// Why `request` has no solution; nil when it has one, or the budget was spent before that was known.
    ///
    /// - Complexity: One more solve for each fact that the proof rests on: tens, and with few rules.
    public mutating func explain(_ request: Request) -> Explanation? {
        let given = givenVersions(request)
        guard prepare(request) else { return unknownRoot(request) }
        defer { reset() }
        addNeeds(of: given)
        search.proof = Proof()
        let end = search.run(from: root, budget: request.budget)
        let clauses = search.clausesOfProof()
        // Leaving facts out can make a problem harder: then they stay.
        let budget = min(request.budget, Solver.leastTrial + Solver.trialFactor * search.effort)
        let examined = search.examined
        search.proof = nil
        search.clear()
        guard end == .unsolvable else { return nil }
        var core = Set(clauses.compactMap { group(of: $0) })
        let mentioned = slots(of: core).union(core.compactMap(\.owner))
        let changes = changedRows.count
        keepOnly(core, in: slots(of: core))
        for group in inOrderOfRemoval(core) where canDo(without: group, core, budget) {
            core.remove(group)
        }
        restoreRows(downTo: changes)
        let order = order(over: core)
        let relevant = relevantVersions(core)
        if wording == nil { wording = RuleCompiler(target.universe, target.filters, target.decisions) }
        return Explanation(
            facts: core.sorted(by: order.areOrdered).flatMap { facts(of: $0, relevant) },
            examined: Set(examined).union(mentioned).union(given.examined).filter(isName))
    }

    /// Lets the request ask for what comes with all its roots but the last, as facts of their own: how a compiler needs its
    /// own packages is not what somebody wants to read who asks why a package cannot be installed with it.
    private mutating func addNeeds(of all: GivenVersions) {
        let own = search.rules.needs.range(root).map { (search.rules.needs.slot($0), search.rules.needs.set($0)) }
        let asked = Set(own.map(\.0))
        given = all
        given.versions.removeAll { asked.contains(search.rules.slotOf[Int($0)]) }
        let added = given.versions.map { version in
            (search.rules.slotOf[Int(version)], search.rules.sets.add([version..<(version + 1)]))
        }
        search.rules.needs.replace(root, with: own + added)
    }

    private func order(over core: Set<FactGroup>) -> FactOrder {
        FactOrder(
            over: core, from: search.rules.slotOf[Int(root)], asking: roots.map(\.name.text), in: target.universe)
    }

    /// What takes most words comes first, then what is farthest from the request.
    private func inOrderOfRemoval(_ core: Set<FactGroup>) -> [FactGroup] {
        let order = order(over: core)
        let weighed = core.map { (weight: weight(of: $0), group: $0) }
        return weighed.sorted { left, right in
            left.weight == right.weight
                ? order.areOrdered(right.group, left.group) : left.weight > right.weight
        }.map(\.group)
    }

    /// How many different things the versions of a name say.
    private func weight(of group: FactGroup) -> Int {
        guard let owner = group.owner else { return 1 }
        let sets = search.rules.order[owner].map { candidate in
            search.rules.needs.range(candidate).filter { self.group(candidate, need: $0) == group }
                .map { search.rules.needs.set($0) }
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
    func isName(_ slot: Slot) -> Bool { slot < target.universe.nameCount }

    /// The names that a slot stands for: itself, or those of its alternatives.
    func names(of slot: Slot) -> [Slot] {
        isName(slot) ? [slot] : search.rules.order[slot].flatMap { links(of: $0).map(\.slot) }
    }

    /// The needs of a candidate, with those of alternatives in place of a choice.
    func links(of candidate: Candidate) -> [RuleCompiler.Link] {
        search.rules.needs.range(candidate).flatMap { needed($0) }
    }

    /// The root and all names that the core is about.
    private func slots(of core: Set<FactGroup>) -> Set<Slot> {
        var slots: Set<Slot> = [search.rules.slotOf[Int(root)]]
        for group in core {
            if case .need(_, let names) = group { slots.formUnion(names) }
        }
        return slots
    }

    func group(_ candidate: Candidate, need: Int) -> FactGroup {
        .need(of: search.rules.slotOf[Int(candidate)], names(of: search.rules.needs.slot(need)))
    }

    func group(_ candidate: Candidate, conflict: Int) -> FactGroup {
        .conflict(of: search.rules.slotOf[Int(candidate)], search.rules.conflicts.slot(conflict))
    }

    /// The group that a clause comes from; nil when it holds in any case, or is part of a choice.
    func group(of clause: Clause) -> FactGroup? {
        switch clause {
        case .learned: nil
        case .never(let candidate): exclusionGroup(candidate, candidate)
        case .need(let candidate, let need): isOwner(candidate) ? group(candidate, need: Int(need)) : nil
        case .exclusion(let one, let other): exclusionGroup(one, other) ?? exclusionGroup(other, one)
        }
    }

    /// Whether a candidate is a version or the root: an alternative belongs to the version that has the choice.
    private func isOwner(_ candidate: Candidate) -> Bool {
        candidate == root || isName(search.rules.slotOf[Int(candidate)])
    }

    /// What a version needs or forbids so that it cannot be together with another.
    private func exclusionGroup(_ candidate: Candidate, _ other: Candidate) -> FactGroup? {
        let rules = search.rules
        let slot = rules.slotOf[Int(other)]
        guard isOwner(candidate), candidate == other || slot != rules.slotOf[Int(candidate)] else { return nil }
        for need in rules.needs.range(candidate)
        where rules.needs.slot(need) == slot && !rules.sets.contains(other, in: rules.needs.set(need)) {
            return group(candidate, need: need)
        }
        for conflict in rules.conflicts.range(candidate)
        where rules.conflicts.slot(conflict) == slot && rules.sets.contains(other, in: rules.conflicts.set(conflict)) {
            return group(candidate, conflict: conflict)
        }
        return rules.classes[candidate].first { rules.classes[other].contains($0) }.map { .conflictClass($0) }
    }

    /// Whether there is no solution without `group` either; if so, it is gone from the rules.
    private mutating func canDo(without group: FactGroup, _ core: Set<FactGroup>, _ budget: Int) -> Bool {
        let changes = changedRows.count
        keepOnly(core.subtracting([group]), in: group.owner.map { [$0] } ?? slots(of: core))
        let end = search.run(from: root, budget: budget)
        search.clear()
        if end == .unsolvable { return true }
        restoreRows(downTo: changes)
        return false
    }

    /// Leaves the candidates of `slots` only what is in `core`.
    private mutating func keepOnly(_ core: Set<FactGroup>, in slots: Set<Slot>) {
        for candidate in slots.flatMap({ Array(search.rules.order[$0]) }) {
            noteRows(of: candidate)
            let (needs, conflicts, classes) = rows(of: candidate, in: core)
            search.rules.needs.replace(candidate, with: needs)
            search.rules.conflicts.replace(candidate, with: conflicts)
            search.rules.classes.replace(candidate, with: classes)
        }
    }

    private func rows(
        of candidate: Candidate, in core: Set<FactGroup>
    ) -> (needs: [RuleCompiler.Link], conflicts: [RuleCompiler.Link], classes: [Int32]) {
        let rules = search.rules
        let needs = rules.needs.range(candidate).filter { core.contains(group(candidate, need: $0)) }
        let conflicts = rules.conflicts.range(candidate).filter { core.contains(group(candidate, conflict: $0)) }
        return (
            needs.map { (rules.needs.slot($0), rules.needs.set($0)) },
            conflicts.map { (rules.conflicts.slot($0), rules.conflicts.set($0)) },
            rules.classes[candidate].filter { core.contains(.conflictClass($0)) }
        )
    }
}
