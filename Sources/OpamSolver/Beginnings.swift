internal import Synchronization

/// The beginnings of the latest requests.
struct Beginnings: Sendable {
    private var known: [Beginning] = []
    private var ranks: [VersionPreference: CandidateRanks] = [:]

    /// Those of a matrix with and without lower bounds, and some more.
    private static let most = 4

    subscript(index: Int) -> Beginning {
        _read { yield known[index] }
        _modify { yield &known[index] }
    }

    /// What was found for them.
    var groups: [AnswerGroup] { known.compactMap(\.group) }

    func index(of request: Request) -> Int? {
        known.indices.last { known[$0].request.isBeginning(of: request) }
    }

    /// Keeps one more beginning, and forgets the oldest if there are too many.
    ///
    /// - Returns: Its index until the next is added.
    mutating func add(_ beginning: Beginning) -> Int {
        if known.count == Beginnings.most { known.removeFirst() }
        known.append(beginning)
        return known.count - 1
    }

    mutating func ranks(
        _ universe: Universe, _ preference: VersionPreference, _ shared: SharedAnswers?
    ) -> CandidateRanks {
        if let known = ranks[preference] { return known }
        let new = shared?.ranks(universe, preference) ?? CandidateRanks(universe, preference)
        ranks[preference] = new
        return new
    }
}

/// The beginnings that the solvers of one target have in common.
final class SharedBeginnings: Sendable {
    private let known = Mutex(Beginnings())

    /// The beginning of a request. It is made once: who asks meanwhile waits.
    func beginning(of request: Request, make: (inout Beginnings) -> Beginning) -> Beginning {
        known.withLock { known in
            if let index = known.index(of: request) { return known[index] }
            let new = make(&known)
            return known[known.add(new)]
        }
    }
}
