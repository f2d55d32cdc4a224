internal import OpamFormat

/// Describes a core in sentences.
extension Solver {
    /// The facts of a group, one for all versions with the same constraint.
    func facts(of group: ConstraintGroup, _ relevant: [Slot: [Candidate]]) -> [Explanation.Fact] {
        let owners = group.owner.map { [$0] } ?? relevant.keys.sorted()
        return owners.flatMap { owner in
            var claims: [Explanation.Claim] = []
            var holders: [Explanation.Claim: [Candidate]] = [:]
            for candidate in relevant[owner] ?? [] {
                guard let claim = claim(of: candidate, group) else { continue }
                if holders[claim] == nil { claims.append(claim) }
                holders[claim, default: []].append(candidate)
            }
            if claims.count > Solver.claimLimit, case .dependency(_, let names) = group {
                let wanted = Set(names).sorted().map {
                    Explanation.Wanted(text: "other versions of \(target.universe.name($0))", state: .ruledOut)
                }
                let all = claims.flatMap { holders[$0] ?? [] }.sorted()
                return [Explanation.Fact(subject: subject(owner, all), claim: .needs(wanted))]
            }
            return claims.map { Explanation.Fact(subject: subject(owner, holders[$0] ?? []), claim: $0) }
        }
    }

    /// If the versions of a name have more different dependencies than this, they are summarised as one fact.
    private static let claimLimit = 3

    /// The versions of each name in the core that relevant versions allow.
    func relevantVersions(_ core: Set<ConstraintGroup>) -> [Slot: [Candidate]] {
        let start = search.problem.slot(of: root)
        let fixed = Dictionary(constraints(of: root).map { ($0.slot, $0.set) }, uniquingKeysWith: { first, _ in first })
        let askers = core.filter { if case .dependency = $0 { true } else { false } }
        var relevant: [Slot: Set<Candidate>] = [start: [root]]
        var queue = [root][...]
        while let asker = queue.popFirst() {
            for need in search.problem.dependencies.range(asker) where askers.contains(group(asker, dependency: need)) {
                for link in needed(need) {
                    for candidate in search.problem.order[link.slot]
                    where search.problem.sets.contains(candidate, in: link.set)
                        && search.problem.sets.contains(candidate, in: fixed[link.slot] ?? CandidateSets.everything)
                        && relevant[link.slot, default: []].insert(candidate).inserted
                    {
                        queue.append(candidate)
                    }
                }
            }
        }
        return relevant.mapValues { $0.sorted() }
    }

    /// The names of a dependency: one, or those of the alternatives.
    func needed(_ need: Int) -> [SlotConstraint] {
        let slot = search.problem.dependencies.slot(need)
        if isName(slot) { return [(slot, search.problem.dependencies.set(need))] }
        return search.problem.order[slot].flatMap { constraints(of: $0) }
    }

    private func subject(_ owner: Slot, _ candidates: [Candidate]) -> Explanation.Subject {
        guard isName(owner) else { return .request }
        return .package(name: target.universe.name(owner), versions: candidates.map { target.universe.version(of: $0) })
    }

    private func claim(of candidate: Candidate, _ group: ConstraintGroup) -> Explanation.Claim? {
        switch group {
        case .conflictClass(let number):
            guard search.problem.atMostOneGroups[candidate].contains(number) else { return nil }
            return .isOneOf(conflictClass: target.universe.strings[target.universe.classes[Int(number)]])
        case .conflict(_, let name):
            let range = search.problem.conflicts.range(candidate)
            guard let conflict = range.first(where: { search.problem.conflicts.slot($0) == name }) else { return nil }
            return .conflicts(text(name, search.problem.conflicts.set(conflict), saidBy: candidate))
        case .dependency(_, let names):
            if candidate == root, let given = implied.versions.first(where: { names == [search.problem.slot(of: $0)] })
            {
                return .comesWith(target.universe.text(of: given), roots: implied.roots)
            }
            let needs = search.problem.dependencies.range(candidate).filter {
                self.group(candidate, dependency: $0) == group && !isImplied($0, for: candidate)
            }
            let parts = needs.flatMap {
                wanted(search.problem.dependencies.slot($0), search.problem.dependencies.set($0), by: candidate)
            }
            return parts.isEmpty ? nil : .needs(parts)
        }
    }

    /// Whether a dependency is trivial: any version of a package that is requested anyway.
    private func isImplied(_ need: Int, for candidate: Candidate) -> Bool {
        let slot = search.problem.dependencies.slot(need)
        return candidate != root && search.problem.dependencies.set(need) == CandidateSets.everything
            && search.problem.dependencies.range(root).contains { search.problem.dependencies.slot($0) == slot }
    }

    /// The packages of a dependency: one, or the alternatives.
    private func wanted(_ slot: Slot, _ set: CandidateSets.ID, by candidate: Candidate) -> [Explanation.Wanted] {
        if isName(slot) {
            return [Explanation.Wanted(text: text(slot, set, saidBy: candidate), state: state(slot, set))]
        }
        return search.problem.order[slot].flatMap { alternative in
            constraints(of: alternative).flatMap { wanted($0.slot, $0.set, by: candidate) }
        }
    }

    private func state(_ name: Slot, _ set: CandidateSets.ID) -> Explanation.State {
        let universe = target.universe
        let versions = universe.versions(of: name)
        guard let newest = versions.last else { return .noSuchPackage }
        let matching = versions.filter { search.problem.sets.contains($0, in: set) }
        guard let best = matching.last else { return .noSuchVersion(newest: universe.version(of: newest)) }
        if search.problem.order[name].contains(where: { search.problem.sets.contains($0, in: set) }) {
            return .ruledOut
        }
        if matching.contains(where: { target.isAvailable($0) }) { return .avoided }
        let filter = universe.strings[universe.filters.text[Int(universe.packages.available[best.index])]]
        return .unavailable(version: universe.version(of: best), filter: filter)
    }

    /// The text about a name in the file of a version, or in the request: the atom that allows exactly the versions of
    /// `set`, or the first one about the name.
    private func text(_ name: Slot, _ set: CandidateSets.ID, saidBy candidate: Candidate) -> String {
        let universe = target.universe
        let all = universe.versions(of: name)
        let versions = VersionSet(search.problem.sets.union(set)).intersection(VersionSet([all]))
        if candidate == root {
            let known = roots.filter { universe.nameID($0.name.text) == name }
            let stated = known.first { universe.versionSet(of: name, $0.versions) == versions } ?? known.first
            return stated?.plainText ?? universe.name(name)
        }
        let row = universe.packages[candidate.index]
        let atoms = universe.atoms(ofFormula: row.depends) + universe.atomLists[row.conflicts]
        let known = atoms.filter { universe.atoms.name[Int($0)] == name.rawValue }
        let stated = known.first { atomCompiler?.versions(of: $0).set(among: all) == versions } ?? known.first
        return stated.map(universe.plainText(ofAtom:)) ?? universe.name(name)
    }
}
