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
        guard prepare(request) else { return unknownRoot(request) }
        defer { reset() }
        search.proof = Proof()
        let end = search.run(from: root, budget: request.budget)
        let clauses = search.clausesOfProof()
        // Leaving facts out can make a problem harder: then they stay.
        let budget = min(request.budget, Solver.leastTrial + Solver.trialFactor * search.effort)
        search.proof = nil
        search.clear()
        guard end == .unsolvable else { return nil }
        var core = Set(clauses.compactMap { group(of: $0) })
        let changes = changedRows.count
        keepOnly(core, in: slots(of: core))
        for group in inOrderOfRemoval(core) where canDo(without: group, core, budget) {
            core.remove(group)
        }
        restoreRows(downTo: changes)
        let order = Distances(over: core, from: search.rules.slotOf[Int(root)])
        let relevant = relevantVersions(core)
        return Explanation(facts: core.sorted(by: order.areOrdered).flatMap { facts(of: $0, relevant) })
    }

    /// What takes most words comes first, then what is farthest from the request.
    private func inOrderOfRemoval(_ core: Set<FactGroup>) -> [FactGroup] {
        let distances = Distances(over: core, from: search.rules.slotOf[Int(root)])
        let weighed = core.map { (weight: weight(of: $0), group: $0) }
        return weighed.sorted { left, right in
            left.weight == right.weight
                ? distances.areOrdered(right.group, left.group) : left.weight > right.weight
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

/// Facts that are left out or kept together: what all versions of a name need of the same names, or forbid of the same
/// name; or that a class allows one package.
private enum FactGroup: Hashable {
    case need(of: Slot, [Slot])
    case conflict(of: Slot, Slot)
    case conflictClass(Int32)

    /// A key to sort by, after the distance.
    var key: [Int32] {
        switch self {
        case .need(let owner, let names): [owner, 0] + names
        case .conflict(let owner, let name): [owner, 1, name]
        case .conflictClass(let number): [.max, number]
        }
    }

    var owner: Slot? {
        switch self {
        case .need(let owner, _), .conflict(let owner, _): owner
        case .conflictClass: nil
        }
    }
}

/// How far names are from the request, over the needs of a core.
private struct Distances {
    private var distance: [Slot: Int]

    init(over core: Set<FactGroup>, from start: Slot) {
        var needs: [Slot: [Slot]] = [:]
        for group in core {
            if case .need(let owner, let names) = group { needs[owner, default: []] += names }
        }
        distance = [start: 0]
        var queue = [start][...]
        while let slot = queue.popFirst() {
            for name in needs[slot] ?? [] where distance[name] == nil {
                distance[name] = (distance[slot] ?? 0) + 1
                queue.append(name)
            }
        }
    }

    func areOrdered(_ left: FactGroup, _ right: FactGroup) -> Bool {
        let (near, far) = (of(left), of(right))
        return near == far ? left.key.lexicographicallyPrecedes(right.key) : near < far
    }

    private func of(_ group: FactGroup) -> Int {
        group.owner.flatMap { distance[$0] } ?? Int.max
    }
}

// MARK: - The core

extension Solver {
    private func isName(_ slot: Slot) -> Bool { slot < target.universe.nameCount }

    /// The names that a slot stands for: itself, or those of its alternatives.
    private func names(of slot: Slot) -> [Slot] {
        isName(slot) ? [slot] : search.rules.order[slot].flatMap { links(of: $0).map(\.slot) }
    }

    /// The needs of a candidate, with those of alternatives in place of a choice.
    private func links(of candidate: Candidate) -> [RuleCompiler.Link] {
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

    private func group(_ candidate: Candidate, need: Int) -> FactGroup {
        .need(of: search.rules.slotOf[Int(candidate)], names(of: search.rules.needs.slot(need)))
    }

    private func group(_ candidate: Candidate, conflict: Int) -> FactGroup {
        .conflict(of: search.rules.slotOf[Int(candidate)], search.rules.conflicts.slot(conflict))
    }

    /// The group that a clause comes from; nil when it holds in any case, or is part of a choice.
    private func group(of clause: Clause) -> FactGroup? {
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

// MARK: - Words

extension Solver {
    /// A group, told once for all versions that say the same.
    private func facts(of group: FactGroup, _ relevant: [Slot: [Candidate]]) -> [Explanation.Fact] {
        let owners = group.owner.map { [$0] } ?? relevant.keys.sorted()
        return owners.flatMap { owner in
            var claims: [Explanation.Claim] = []
            var holders: [Explanation.Claim: [Candidate]] = [:]
            for candidate in relevant[owner] ?? [] {
                guard let claim = claim(of: candidate, group) else { continue }
                if holders[claim] == nil { claims.append(claim) }
                holders[claim, default: []].append(candidate)
            }
            if claims.count > Solver.mostClaims, case .need(_, let names) = group {
                let wanted = Set(names).sorted().map {
                    Explanation.Wanted(text: "other versions of \(target.universe.name($0))", state: .ruledOut)
                }
                let all = claims.flatMap { holders[$0] ?? [] }.sorted()
                return [Explanation.Fact(subject: subject(owner, all), claim: .needs(wanted))]
            }
            return claims.map { Explanation.Fact(subject: subject(owner, holders[$0] ?? []), claim: $0) }
        }
    }

    /// More than this many different needs of the versions of a name are told as one.
    private static let mostClaims = 3

    /// The versions of each name that the core is about: those that relevant versions ask for.
    private func relevantVersions(_ core: Set<FactGroup>) -> [Slot: [Candidate]] {
        let start = search.rules.slotOf[Int(root)]
        let fixed = Dictionary(links(of: root).map { ($0.slot, $0.set) }, uniquingKeysWith: { first, _ in first })
        let askers = core.filter { if case .need = $0 { true } else { false } }
        var relevant: [Slot: Set<Candidate>] = [start: [root]]
        var queue = [root][...]
        while let asker = queue.popFirst() {
            for need in search.rules.needs.range(asker) where askers.contains(group(asker, need: need)) {
                for link in needed(need) {
                    for candidate in search.rules.order[link.slot]
                    where search.rules.sets.contains(candidate, in: link.set)
                        && search.rules.sets.contains(candidate, in: fixed[link.slot] ?? CandidateSets.everything)
                        && relevant[link.slot, default: []].insert(candidate).inserted
                    {
                        queue.append(candidate)
                    }
                }
            }
        }
        return relevant.mapValues { $0.sorted() }
    }

    /// What a need asks for: one name, or those of the alternatives.
    private func needed(_ need: Int) -> [RuleCompiler.Link] {
        let slot = search.rules.needs.slot(need)
        if isName(slot) { return [(slot, search.rules.needs.set(need))] }
        return search.rules.order[slot].flatMap { links(of: $0) }
    }

    private func subject(_ owner: Slot, _ candidates: [Candidate]) -> Explanation.Subject {
        guard owner < target.universe.nameCount else { return .request }
        return .package(name: target.universe.name(owner), versions: candidates.map { target.universe.version(of: $0) })
    }

    private func claim(of candidate: Candidate, _ group: FactGroup) -> Explanation.Claim? {
        let texts = self.texts(of: candidate)
        switch group {
        case .conflictClass(let number):
            guard search.rules.classes[candidate].contains(number) else { return nil }
            return .isOneOf(conflictClass: target.universe.strings[target.universe.classes[Int(number)]])
        case .conflict(_, let name):
            let range = search.rules.conflicts.range(candidate)
            guard let conflict = range.first(where: { search.rules.conflicts.slot($0) == name }) else { return nil }
            return .conflicts(text(name, search.rules.conflicts.set(conflict), texts))
        case .need:
            let needs = search.rules.needs.range(candidate).filter {
                self.group(candidate, need: $0) == group && !isGiven($0, for: candidate)
            }
            let parts = needs.flatMap { wanted(search.rules.needs.slot($0), search.rules.needs.set($0), texts) }
            return parts.isEmpty ? nil : .needs(parts)
        }
    }

    /// Whether a need of a version says nothing: any version of what the request asks for itself.
    private func isGiven(_ need: Int, for candidate: Candidate) -> Bool {
        let slot = search.rules.needs.slot(need)
        return candidate != root && search.rules.needs.set(need) == CandidateSets.everything
            && search.rules.needs.range(root).contains { search.rules.needs.slot($0) == slot }
    }

    /// What a need asks for: one package, or the alternatives.
    private func wanted(_ slot: Slot, _ set: Int32, _ texts: [Slot: [AtomText]]) -> [Explanation.Wanted] {
        if slot < target.universe.nameCount {
            return [Explanation.Wanted(text: text(slot, set, texts), state: state(slot, set))]
        }
        return search.rules.order[slot].flatMap { alternative in
            links(of: alternative).flatMap { wanted($0.slot, $0.set, texts) }
        }
    }

    private func state(_ name: Slot, _ set: Int32) -> Explanation.State {
        let universe = target.universe
        let versions = universe.versions(of: name)
        guard let newest = versions.last else { return .noSuchPackage }
        let matching = versions.filter { search.rules.sets.contains($0, in: set) }
        guard let best = matching.last else { return .noSuchVersion(newest: universe.version(of: newest)) }
        if search.rules.order[name].contains(where: { search.rules.sets.contains($0, in: set) }) { return .ruledOut }
        if matching.contains(where: { target.isAvailable($0) }) { return .avoided }
        let filter = universe.strings[universe.filters.text[Int(universe.packages.available[Int(best)])]]
        return .unavailable(version: universe.version(of: best), filter: filter)
    }

    /// What an opam file or the request says about a name, and the versions that it means.
    private typealias AtomText = (versions: VersionSet, text: String)

    /// What the file of a version, or the request, says about each name.
    private func texts(of candidate: Candidate) -> [Slot: [AtomText]] {
        let universe = target.universe
        guard candidate != root else {
            let known = roots.compactMap { root in
                universe.nameID(root.name.text).map {
                    ($0, (versions: universe.versionSet(of: $0, root.versions), text: root.plainText))
                }
            }
            return Dictionary(grouping: known, by: \.0).mapValues { $0.map(\.1) }
        }
        let row = universe.packages[Int(candidate)]
        let compiler = RuleCompiler(universe, target.filters, target.decisions)
        let atoms = universe.atoms(ofFormula: row.depends) + universe.atomLists[row.conflicts]
        let known = atoms.map { atom in
            let name = universe.atoms.name[Int(atom)]
            let text = universe.plainText(ofAtom: atom)
            return (name, (versions: compiler.versions(of: atom).set(among: universe.versions(of: name)), text: text))
        }
        return Dictionary(grouping: known, by: \.0).mapValues { $0.map(\.1) }
    }

    /// The text that means just the versions of `set`, or the first about the name.
    private func text(_ name: Slot, _ set: Int32, _ texts: [Slot: [AtomText]]) -> String {
        let all = VersionSet([target.universe.versions(of: name)])
        let versions = VersionSet(search.rules.sets.union(set)).intersection(all)
        let known = texts[name] ?? []
        return (known.first { $0.versions == versions } ?? known.first)?.text ?? target.universe.name(name)
    }
}
