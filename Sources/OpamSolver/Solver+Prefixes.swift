internal import OpamFormat

/// Solving the prefixes of requests.
extension Solver {
    /// Prepares copies of the solver for requests with the same prefix as `request`.
    public mutating func warm(for request: Request) {
        if request.roots.count > 1 { _ = prefix(of: request) }
    }

    /// The versions that the prefix of a request implies, where that takes a search to prove.
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
        // The state at the end of the walk, while the search goes on to prove the backbone.
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

    /// Steps for proving one version of the backbone: many times what OCaml's own packages take.
    private static let budgetOfProof = 20_000
}

/// The versions that all roots of a request but the last imply.
struct ImpliedVersions {
    /// These roots, for a sentence.
    var roots = ""
    var versions: [Candidate] = []
    /// The names that this follows from.
    var examined: [Universe.NameID] = []
}
