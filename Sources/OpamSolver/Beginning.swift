internal import OpamFormat

/// All of a request but its last root, decided once for every request that begins so.
///
/// It holds for each of them that leaves the candidates and the needs of what was examined as they are: the last root
/// can be asked for exactly, or with its tests, if it is not among that.
struct Beginning: Sendable {
    /// The request without its last root and without what is said of that.
    let request: Request
    /// What the search for it has taught. That is true for every request that begins so.
    private(set) var lemmas: [[Literal]] = []
    private(set) var examined: [Slot] = []
    /// The search for the rest; nil when the beginning has no solution.
    var rest: RestSearch?
    /// Whether it was found to have no solution: then no request that begins so has one.
    private(set) var isUnsolvable = false
    /// What was found for requests that begin so; nil unless somebody is going to ask.
    var answers: [Question: RestAnswer]?
    private(set) var elsewhere: AnswersFromElsewhere?

    /// The beginning of a request with at least two roots.
    init(of request: Request) {
        let last = request.roots[request.roots.count - 1].name
        var beginning = request
        beginning.roots.removeLast()
        beginning.requestedExactly.remove(last)
        beginning.withTest.remove(last)
        beginning.withDoc.remove(last)
        self.request = beginning
    }

    /// Takes over what a search for the beginning found out.
    mutating func learn(from search: Search, _ end: SearchEnd) {
        examined = search.examined
        isUnsolvable = end == .unsolvable
        if end == .solved { lemmas = search.lemmas }
    }

    /// Gets ready to take answers over from other targets, and to give them.
    mutating func share(_ answers: SharedAnswers, _ universe: Universe) {
        guard let rest else { return }
        self.answers = [:]
        elsewhere = AnswersFromElsewhere(answers, universe, request, rest.remainder)
    }

    /// What was found.
    var group: AnswerGroup? {
        guard let rest, let answers else { return nil }
        return AnswerGroup(beginning: request, remainder: rest.remainder, answers: answers)
    }

    /// Whether what was learned is true for a request that begins so.
    func teaches(_ request: Request, in universe: Universe) -> Bool {
        guard let last = request.roots.last?.name, let name = universe.nameID(last.text) else { return false }
        let changed =
            request.withTest.contains(last) || request.withDoc.contains(last)
            || request.requestedExactly.contains(last)
        return !changed || !examined.contains(name)
    }

    /// Whether a request that begins so has no solution, whatever else it asks for.
    func rulesOut(_ request: Request, in universe: Universe) -> Bool { isUnsolvable && teaches(request, in: universe) }
}

extension Request {
    /// Whether another request asks for the same and one more root.
    func isBeginning(of other: Request) -> Bool {
        guard let last = other.roots.last?.name, other.roots.count == roots.count + 1 else { return false }
        func isEqual(_ names: Set<PackageName>, _ more: Set<PackageName>) -> Bool {
            names == more || (more.count == names.count + 1 && more.contains(last) && names.isSubset(of: more))
        }
        return other.roots.starts(with: roots) && other.preference == preference
            && other.budget == budget && other.constraints == constraints
            && other.pins == pins && isEqual(requestedExactly, other.requestedExactly)
            && isEqual(withTest, other.withTest) && isEqual(withDoc, other.withDoc)
    }
}
