internal import OpamFormat

/// Answers requests in one target. Not for use by two threads at once; making one is cheap.
public struct Solver: Sendable {
    public let target: TargetUniverse
    var search: Search
    let root: Candidate
    /// The roots of the request that is being solved.
    private(set) var roots: [PackageConstraint] = []
    private let mark: Rules.Mark
    private var beginnings = Beginnings()
    private var decisions: [DependencyScope: FilterDecisions] = [:]
    private var compilers: [DependencyScope: RuleCompiler] = [:]
    private var changedOrders: [(slot: Slot, range: Range<Int>)] = []
    /// The rows of candidates whose needs, conflicts or classes are not those of the target: the latest change last.
    private(set) var changedRows: [ChangedRows] = []
    private let shared: SharedAnswers?
    /// While a request is explained.
    var given = GivenVersions()
    /// Tells which versions the atoms of opam files mean; made for the first explanation.
    var wording: RuleCompiler?

    /// - Parameter shared: Answers of other targets of the same universe to take over where they hold here too; nil
    ///   when nothing is to be kept for others either.
    public init(_ target: TargetUniverse, sharing shared: SharedAnswers? = nil) {
        self.target = target
        self.shared = shared
        var rules = target.rules
        let slot = rules.addSlot()
        root = rules.addCandidate(to: slot)
        rules.order.replace(slot, with: [root])
        mark = rules.mark
        search = Search(rules)
    }

    /// Solves a request.
    ///
    /// The verdict and the selection depend on the request and the target only, not on what was solved before.
    public mutating func solve(_ request: Request) -> Resolution {
        guard request.roots.count > 1 else { return solveWhole(request, nil, spent: 0) }
        let index = beginning(of: request)
        if beginnings[index].rulesOut(request, in: target.universe) {
            let examined = beginnings[index].examined.filter { $0 < target.universe.nameCount }
            return Resolution(verdict: .unsolvable, examined: examined.sorted(), effort: 0)
        }
        var spent = 0
        if let last = beginnings[index].lastRoot(of: request, in: target) {
            let decisions = last.hasOwnScope ? decisions(in: last.scope) : nil
            let (resolution, effort) = beginnings[index].solve(last, target, decisions)
            if let resolution { return resolution }
            spent = effort
        }
        return solveWhole(request, beginnings[index], spent: spent)
    }

    /// What was found for requests with more than one root, for other targets to take over.
    public var answers: TargetAnswers { TargetAnswers(target.universe, beginnings.groups) }

    /// Searches from the first root on.
    mutating func solveWhole(_ request: Request, _ beginning: Beginning?, spent: Int) -> Resolution {
        guard prepare(request) else {
            reset()
            return Resolution(verdict: .unsolvable, examined: [], effort: 0)
        }
        if let beginning, beginning.teaches(request, in: target.universe) {
            search.learn(beginning.lemmas)
            for slot in beginning.examined { search.examine(slot) }
        }
        let end = search.run(from: root, budget: request.budget - spent)
        let resolution = Resolution(
            end, search.walkedPackages(target.universe), examined: search.examinedNames(target.universe),
            effort: search.effort + spent)
        reset()
        return resolution
    }
}

// MARK: - Beginnings

extension Solver {
    /// Makes copies of the solver ready for requests that begin like `request`.
    public mutating func warm(for request: Request) {
        if request.roots.count > 1 { _ = beginning(of: request) }
    }

    /// The versions that come with all roots of a request but the last, where that takes a search to see.
    mutating func givenVersions(_ request: Request) -> GivenVersions {
        guard request.roots.count > 1 else { return GivenVersions() }
        let beginning = beginning(of: request)
        guard beginnings[beginning].teaches(request, in: target.universe),
            let remainder = beginnings[beginning].rest?.remainder
        else { return GivenVersions() }
        return GivenVersions(
            roots: request.roots.dropLast().map(\.plainText).joined(separator: " and "), versions: remainder.proven,
            examined: remainder.examinedByProofs)
    }

    /// The index of the beginning of a request.
    private mutating func beginning(of request: Request) -> Int {
        if let index = beginnings.index(of: request) { return index }
        var beginning = target.beginnings.beginning(of: request) { known in
            let unknown = Beginning(of: request)
            return learn(unknown, known.ranks(target.universe, request.preference, shared))
        }
        if let shared { beginning.share(shared, target.universe) }
        return beginnings.add(beginning)
    }

    private mutating func learn(_ unknown: Beginning, _ ranks: CandidateRanks) -> Beginning {
        var beginning = unknown
        let end = prepare(beginning.request) ? search.run(from: root, budget: beginning.request.budget) : .exhausted
        beginning.learn(from: search, end)
        guard end == .solved else {
            reset()
            return beginning
        }
        // The state at the end of the walk, while the search goes on to find out what is fixed.
        let walk = search
        reset()
        let remainder = Remainder(
            after: walk, selection: walk.walkedPackages(target.universe),
            examined: walk.examinedNames(target.universe), ranks, fixedVersions(beginning, walk))
        beginning.rest = RestSearch(remainder, root: root)
        return beginning
    }

    /// Tries to do without each version that the beginning takes.
    private mutating func fixedVersions(_ beginning: Beginning, _ walk: Search) -> FixedVersions {
        var fixed = FixedVersions(after: walk)
        for slot in walk.walked where slot < target.universe.nameCount && !fixed.isImplied(slot) {
            guard prepare(beginning.request) else { break }
            let version = walk.chosen[Int(slot)]
            search.rules.conflicts.replace(
                root, with: links(ofConflicts: root) + [(slot, search.rules.sets.add([version..<(version + 1)]))])
            search.learn(beginning.lemmas)
            if search.run(from: root, budget: Solver.budgetOfProof) == .unsolvable {
                fixed.addProof(for: slot, examined: search.examinedNames(target.universe))
            }
            reset()
        }
        return fixed
    }

    private func links(ofConflicts candidate: Candidate) -> [RuleCompiler.Link] {
        search.rules.conflicts.range(candidate).map {
            (search.rules.conflicts.slot($0), search.rules.conflicts.set($0))
        }
    }

    /// Steps to be spent on finding out whether a version is fixed: many times what OCaml's own packages take.
    private static let budgetOfProof = 20_000

    private mutating func decisions(in scope: DependencyScope) -> FilterDecisions {
        if let known = decisions[scope] { return known }
        let new = FilterDecisions(target.universe, target.filters, target.variables, scope)
        decisions[scope] = new
        return new
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
        search.growToRules(from: mark)
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
            ?? RuleCompiler(target.universe, target.filters, decisions(in: scope))
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
        given = GivenVersions()
        restoreRows(downTo: 0)
        for scope in compilers.keys { compilers[scope]?.forgetSets() }
        search.rules.needs.point(root, at: 0..<0)
        search.rules.conflicts.point(root, at: 0..<0)
        search.rules.rewind(to: mark)
    }
}

/// Where the rows of a candidate were.
struct ChangedRows {
    let candidate: Candidate
    let needs: Range<Int>
    let conflicts: Range<Int>
    let classes: Range<Int>
}

/// What all roots of a request but the last bring with them in any solution.
struct GivenVersions {
    /// These roots, as a sentence names them.
    var roots = ""
    var versions: [Candidate] = []
    /// The names from which that follows.
    var examined: [Universe.NameID] = []
}
