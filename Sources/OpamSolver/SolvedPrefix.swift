internal import OpamFormat

/// All roots of a request but the last, solved once for every request with the same prefix.
///
/// It is valid for requests that do not change the candidates or dependencies of the examined names: the goal can be
/// requested exactly, or with its tests, if it is not one of those names.
///
/// - SeeAlso: `docs/decisions/0022-no-state-between-requests.md`
struct SolvedPrefix: Sendable {
    /// The request without its last root and that root's options.
    let request: Request
    /// The clauses that the search for the prefix learned. They hold for every request with this prefix.
    private(set) var learnedClauses: [[Literal]] = []
    private(set) var examined: [Slot] = []
    /// The search for goals; nil when the prefix has no solution.
    var search: ResidualSearch?
    /// Whether the prefix was found to have no solution.
    private(set) var isUnsolvable = false

    /// The prefix of a request with at least two roots.
    init(of request: Request) {
        let goal = request.roots[request.roots.count - 1].name
        var prefix = request
        prefix.roots.removeLast()
        prefix.requestedExactly.remove(goal)
        prefix.withTest.remove(goal)
        prefix.withDoc.remove(goal)
        self.request = prefix
    }

    /// Records the result of a search for the prefix.
    mutating func record(_ search: Search, _ result: SearchResult) {
        examined = search.statistics.examined
        isUnsolvable = result == .unsolvable
        if result == .solved { learnedClauses = search.learnedClauses }
    }

    /// Whether the learned clauses are valid for a request with this prefix.
    func applies(to request: Request, in universe: Universe) -> Bool {
        guard let goal = request.roots.last?.name, let name = universe.nameID(goal.text) else { return false }
        let changed =
            request.withTest.contains(goal) || request.withDoc.contains(goal)
            || request.requestedExactly.contains(goal)
        return !changed || !examined.contains(name)
    }

    /// Whether a request with this prefix has no solution, whatever its goal.
    func rulesOut(_ request: Request, in universe: Universe) -> Bool {
        isUnsolvable && applies(to: request, in: universe)
    }
}

extension Request {
    /// Whether another request has the same roots and options, and one more root.
    func isPrefix(of other: Request) -> Bool {
        guard let goal = other.roots.last?.name, other.roots.count == roots.count + 1 else { return false }
        func isEqual(_ names: Set<PackageName>, _ more: Set<PackageName>) -> Bool {
            names == more || (more.count == names.count + 1 && more.contains(goal) && names.isSubset(of: more))
        }
        return other.roots.starts(with: roots) && other.preference == preference
            && other.budget == budget && other.constraints == constraints
            && other.pins == pins && isEqual(requestedExactly, other.requestedExactly)
            && isEqual(withTest, other.withTest) && isEqual(withDoc, other.withDoc)
    }
}
