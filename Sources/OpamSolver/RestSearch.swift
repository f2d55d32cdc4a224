internal import OpamFormat

/// The search for the last root of a request, in the rules that its beginning leaves.
struct RestSearch: Sendable {
    let remainder: Remainder
    private(set) var search: Search
    private let root: Candidate
    private let mark: Rules.Mark
    private var compilers: [DependencyScope: RuleCompiler] = [:]
    private var changedNeeds: [(candidate: Candidate, range: Range<Int>)] = []

    init(_ remainder: Remainder, root: Candidate) {
        self.remainder = remainder
        self.root = root
        mark = remainder.rules.mark
        search = Search(remainder.rules)
        search.ranks = remainder.ranks
    }

    /// Searches for the versions of a name.
    mutating func run(_ name: Universe.NameID, _ versions: VersionSet, budget: Int) -> SearchEnd {
        search.rules.needs.replace(root, with: [(name, search.rules.sets.add(versions.ranges))])
        search.growToRules(from: mark)
        return search.run(from: root, budget: budget)
    }

    /// Gives the candidates of a name the needs that they have in another scope.
    mutating func change(
        _ name: Universe.NameID, to scope: DependencyScope, _ target: TargetUniverse, _ decisions: FilterDecisions
    ) {
        var compiler =
            compilers.removeValue(forKey: scope) ?? RuleCompiler(target.universe, target.filters, decisions)
        for candidate in search.rules.order[name] {
            changedNeeds.append((candidate, search.rules.needs.range(candidate)))
            let first = Slot(search.rules.slotCount)
            let links = compiler.needs(of: target.universe.packages.depends[Int(candidate)], &search.rules)
            for choice in first..<Slot(search.rules.slotCount) { reduce(choice) }
            // What the beginning rules out is out: nothing is in no set.
            let needs = remainder.reduced(links, search.rules.sets) ?? [(name, search.rules.sets.add([]))]
            search.rules.needs.replace(candidate, with: needs)
        }
        compilers[scope] = compiler
    }

    private mutating func reduce(_ choice: Slot) {
        let left = search.rules.order[choice].filter { alternative in
            let links = search.rules.needs.range(alternative).map {
                (slot: search.rules.needs.slot($0), set: search.rules.needs.set($0))
            }
            guard let needs = remainder.reduced(links, search.rules.sets) else { return false }
            search.rules.needs.replace(alternative, with: needs)
            return true
        }
        search.rules.order.replace(choice, with: left)
    }

    /// Whether the beginning, decided otherwise, could let in what the search has missed.
    var couldBeOtherwise: Bool {
        !changedNeeds.isEmpty || search.examined.contains { remainder.isNarrowed(at: $0) }
    }

    /// What the search has found, having come to its end.
    func answer(_ end: SearchEnd, _ universe: Universe) -> RestAnswer {
        let names = search.examinedNames(universe)
        return RestAnswer(
            selection: end == .solved ? search.walkedPackages(universe) : nil, names: names,
            reach: names.map { search.reach[Int($0)] })
    }

    /// Forgets the last root.
    mutating func reset() {
        search.clear()
        for (candidate, range) in changedNeeds.reversed() { search.rules.needs.point(candidate, at: range) }
        if !changedNeeds.isEmpty {
            for scope in compilers.keys { compilers[scope]?.forgetSets() }
            changedNeeds.removeAll()
        }
        search.rules.needs.point(root, at: 0..<0)
        search.rules.rewind(to: mark)
    }
}
