internal import OpamFormat

/// Solves the prefixes of requests.
extension Solver {
    /// Prepares the solver, and therefore its copies, for requests with the same prefix as `request`.
    public mutating func warm(for request: Request) {
        if request.roots.count > 1 { _ = prefix(of: request) }
    }

    /// The versions implied by the prefix of a request, found by a search.
    mutating func impliedVersions(_ request: Request) -> ImpliedVersions {
        guard request.roots.count > 1 else { return ImpliedVersions() }
        let prefix = prefix(of: request)
        guard prefixes[prefix].applies(to: request, in: target.universe),
            let residual = prefixes[prefix].search?.residual
        else { return ImpliedVersions() }
        return ImpliedVersions(
            roots: request.roots.dropLast().map(\.plainText).joined(separator: " and "), versions: residual.proven,
            examined: residual.examinedByProofs)
    }

    /// The index of the prefix of a request.
    mutating func prefix(of request: Request) -> Int {
        if let index = prefixes.index(of: request) { return index }
        let prefix = target.prefixes.prefix(of: request) { solved(SolvedPrefix(of: request)) }
        return prefixes.add(prefix)
    }

    private mutating func solved(_ unsolved: SolvedPrefix) -> SolvedPrefix {
        var prefix = unsolved
        let result =
            prepare(prefix.request) ? search.run(from: root, budget: prefix.request.budget) : .budgetExhausted
        prefix.record(search, result)
        guard result == .solved else {
            reset()
            return prefix
        }
        // The state at the end of the walk; the search continues with the proof of the backbone.
        let solution = search
        reset()
        let residual = ResidualProblem(
            after: solution, selection: solution.visitedPackages(target.universe),
            examined: solution.examinedNames(target.universe), nameCount: target.universe.nameCount,
            backbone(of: prefix, solution))
        prefix.search = ResidualSearch(residual, root: root)
        return prefix
    }

    /// Searches for a solution of the prefix without each version that it selects.
    private mutating func backbone(of prefix: SolvedPrefix, _ solution: Search) -> Backbone {
        var backbone = Backbone(after: solution)
        for slot in solution.walk.visited where isName(slot) && !backbone.isLevelZero(slot) {
            guard prepare(prefix.request) else { break }
            let version = solution.selected[slot.index]
            let others = search.problem.conflicts.range(root).map {
                (slot: search.problem.conflicts.slot($0), set: search.problem.conflicts.set($0))
            }
            let only = search.problem.sets.add([version..<version.advanced(by: 1)])
            search.problem.conflicts.replace(root, with: others + [(slot, only)])
            search.add(prefix.learnedClauses)
            if search.run(from: root, budget: Solver.budgetOfProof) == .unsolvable {
                backbone.addProof(for: slot, examined: search.examinedNames(target.universe))
            }
            reset()
        }
        return backbone
    }

    /// The maximum number of steps for proving one version of the backbone: many times the cost of OCaml's own
    /// packages.
    private static let budgetOfProof = 20_000
}

/// The versions that all roots of a request but the last imply.
struct ImpliedVersions {
    /// The roots, for a sentence.
    var roots = ""
    var versions: [Candidate] = []
    /// The names that the implications follow from.
    var examined: [Universe.NameID] = []
}
