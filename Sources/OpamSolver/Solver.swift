internal import OpamFormat

/// Answers requests in one target. Not for use by two threads at once; making one is cheap.
public struct Solver {
    public let target: TargetUniverse
    var search: Search
    let root: Candidate
    /// The roots of the request that is being solved.
    private(set) var roots: [PackageConstraint] = []
    private let marks: Marks
    private var preludes: [Request: Prelude] = [:]
    private var compilers: [DependencyScope: RuleCompiler] = [:]
    private var changedOrders: [(slot: Slot, range: Range<Int>)] = []
    /// The rows of candidates whose needs, conflicts or classes are not those of the target: the latest change last.
    private(set) var changedRows: [ChangedRows] = []

    /// Where the rules of a request begin.
    private struct Marks {
        let order, needs, conflicts, classes, sets: Rows.Mark
        let candidates: Int
    }

    public init(_ target: TargetUniverse) {
        self.target = target
        var rules = target.rules
        let slot = rules.addSlot()
        root = rules.addCandidate(to: slot)
        rules.order.replace(slot, with: [root])
        marks = Marks(
            order: rules.order.mark, needs: rules.needs.slots.mark, conflicts: rules.conflicts.slots.mark,
            classes: rules.classes.mark, sets: rules.sets.mark, candidates: rules.candidateCount)
        search = Search(rules)
    }

    /// Solves a request.
    ///
    /// The answer depends on the request and the target only, not on what was solved before.
    public mutating func solve(_ request: Request) -> Resolution {
        let prelude = prelude(of: request)
        guard prepare(request) else {
            reset()
            return Resolution(verdict: .unsolvable, examined: [], effort: 0)
        }
        if let prelude {
            search.learn(prelude.lemmas)
            for slot in prelude.examined { search.examine(slot) }
        }
        let end = search.run(from: root, budget: request.budget)
        let verdict: Resolution.Verdict =
            switch end {
            case .solved: .solved(selection())
            case .unsolvable: .unsolvable
            case .exhausted: .limit
            }
        let resolution = Resolution(verdict: verdict, examined: examined(), effort: search.effort)
        reset()
        return resolution
    }

    /// What can be known before looking at a request, because others begin with the same root: see ``Prelude``.
    private mutating func prelude(of request: Request) -> Prelude? {
        guard request.roots.count > 1, let first = request.roots.first else { return nil }
        var beginning = Request(roots: [first])
        beginning.requestedExactly = request.requestedExactly.union(request.pins.keys)
        beginning.preference = request.preference
        let prelude = preludes[beginning] ?? learn(beginning)
        let changed = request.withTest.union(request.withDoc).union(request.pins.keys)
        let isChanged = changed.contains { name in
            target.universe.nameID(name.text).map { prelude.examined.contains($0) } ?? false
        }
        return isChanged ? nil : prelude
    }

    private mutating func learn(_ beginning: Request) -> Prelude {
        var prelude = Prelude(lemmas: [], examined: [])
        if prepare(beginning), search.run(from: root, budget: beginning.budget) == .solved {
            prelude = Prelude(lemmas: search.lemmas, examined: search.examined)
        }
        reset()
        preludes[beginning] = prelude
        return prelude
    }

    private func selection() -> [Universe.PackageID] {
        let ranks = target.universe.rankOfSelection
        let packages = target.universe.packageCount
        var selection: [Universe.PackageID] = []
        for slot in search.walked {
            let candidate = search.chosen[Int(slot)]
            if candidate < packages { selection.append(candidate) }
        }
        let rank = { (package: Universe.PackageID) in ranks[Int(target.universe.nameID(of: package))] }
        return selection.sorted { rank($0) < rank($1) }
    }

    private func examined() -> [Universe.NameID] {
        search.examined.filter { $0 < target.universe.nameCount }.sorted()
    }
}

// MARK: - The rules of a request

extension Solver {
    /// Adds the rules of a request to those of the target.
    ///
    /// - Returns: false when a root is a package that nobody has heard of.
    mutating func prepare(_ request: Request) -> Bool {
        roots = request.roots
        let universe = target.universe
        var needs: [RuleCompiler.Link] = []
        var conflicts: [RuleCompiler.Link] = []
        for root in request.roots {
            guard let name = universe.nameID(root.name.text) else { return false }
            needs.append((name, newSet(universe.versionSet(of: name, root.versions))))
        }
        let pins = request.pins.map { PackageConstraint($0.key, .exactly($0.value)) }
        for constraint in request.constraints + pins {
            guard let name = universe.nameID(constraint.name.text) else { continue }
            let allowed = universe.versionSet(of: name, constraint.versions)
            conflicts.append((name, newSet(allowed.complement(in: universe.versions(of: name)))))
        }
        search.rules.needs.replace(root, with: needs)
        search.rules.conflicts.replace(root, with: conflicts)
        reorder(request)
        changeScopes(request)
        search.growToRules(from: marks.order)
        return true
    }

    private mutating func newSet(_ versions: VersionSet) -> Int32 {
        search.rules.sets.add(versions.ranges)
    }

    /// Sets the candidates of names for which the order of the target is not the one to use.
    private mutating func reorder(_ request: Request) {
        let requested = request.requestedExactly.union(request.pins.keys)
        let names = Set(requested.compactMap { target.universe.nameID($0.text) })
        let changed = request.preference == .newest ? Array(names) : Array(0..<Slot(target.universe.nameCount))
        for name in changed {
            let candidates = target.candidates(of: name, request.preference, isRequested: names.contains(name))
            guard !search.rules.order[name].elementsEqual(candidates) else { continue }
            changedOrders.append((name, search.rules.order.range(name)))
            search.rules.order.replace(name, with: candidates)
            search.alive[Int(name)] = Int32(candidates.count)
        }
    }

    /// Sets the needs of packages whose tests or documentation are asked for, or that are pinned to `dev`.
    private mutating func changeScopes(_ request: Request) {
        let developed = request.pins.filter { $0.value.text == "dev" }.keys
        for name in request.withTest.union(request.withDoc).union(developed) {
            guard let id = target.universe.nameID(name.text) else { continue }
            var scope = DependencyScope()
            scope.withTest = request.withTest.contains(name)
            scope.withDoc = request.withDoc.contains(name)
            for candidate in search.rules.order[id] {
                scope.dev = developed.contains(name) && target.universe.version(of: candidate) == "dev"
                let needs = self.needs(of: candidate, scope)
                noteRows(of: candidate)
                search.rules.needs.replace(candidate, with: needs)
            }
        }
    }

    private mutating func needs(of candidate: Candidate, _ scope: DependencyScope) -> [RuleCompiler.Link] {
        let formula = target.universe.packages.depends[Int(candidate)]
        var compiler =
            compilers.removeValue(forKey: scope)
            ?? RuleCompiler(
                target.universe, target.filters,
                FilterDecisions(target.universe, target.filters, target.variables, scope))
        defer { compilers[scope] = compiler }
        return compiler.needs(of: formula, &search.rules)
    }

    /// Remembers the rows of a candidate before they are changed.
    mutating func noteRows(of candidate: Candidate) {
        changedRows.append(
            ChangedRows(
                candidate: candidate, needs: search.rules.needs.range(candidate),
                conflicts: search.rules.conflicts.range(candidate), classes: search.rules.classes.range(candidate)))
    }

    /// Undoes all changes of rows but the first `count`.
    mutating func restoreRows(downTo count: Int) {
        while changedRows.count > count {
            let rows = changedRows.removeLast()
            search.rules.needs.point(rows.candidate, at: rows.needs)
            search.rules.conflicts.point(rows.candidate, at: rows.conflicts)
            search.rules.classes.point(rows.candidate, at: rows.classes)
        }
    }

    /// Takes the rules of the request away.
    mutating func reset() {
        search.clear()
        for (slot, range) in changedOrders {
            search.rules.order.point(slot, at: range)
            search.alive[Int(slot)] = Int32(range.count)
        }
        changedOrders.removeAll()
        restoreRows(downTo: 0)
        for scope in compilers.keys { compilers[scope]?.forgetSets() }
        search.rules.needs.point(root, at: 0..<0)
        search.rules.conflicts.point(root, at: 0..<0)
        search.rules.rewind(
            order: marks.order, needs: marks.needs, conflicts: marks.conflicts, classes: marks.classes,
            sets: marks.sets, candidates: marks.candidates)
    }
}

/// What a request for the first root alone teaches. It holds for every request that begins with this root, has the same
/// candidates, and leaves the needs of what was examined as they are; so the search for a compiler, which is the same
/// in thousands of requests, is done once.
struct Prelude {
    let lemmas: [[Literal]]
    let examined: [Slot]
}

/// Where the rows of a candidate were.
struct ChangedRows {
    let candidate: Candidate
    let needs: Range<Int>
    let conflicts: Range<Int>
    let classes: Range<Int>
}
