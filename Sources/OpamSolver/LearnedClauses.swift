/// A candidate selected (positive) or excluded (negative), as part of a stored clause.
struct Literal {
    let code: Int32

    init(_ candidate: Candidate, isPositive: Bool) {
        code = candidate.rawValue << 1 | (isPositive ? 0 : 1)
    }

    init(code: Int32) {
        self.code = code
    }

    var candidate: Candidate { Candidate(rawValue: code >> 1) }
    var isPositive: Bool { code & 1 == 0 }

    /// 1 when the literal is true, -1 when it is false, 0 while its candidate is unassigned.
    @inline(__always)
    func value(in values: [Int8]) -> Int8 {
        let value = values[candidate.index]
        return isPositive ? value : -value
    }
}

/// The clauses learned in one request. The first two literals of each are watched: a clause is visited
/// only when one of them becomes false. The watchers of a literal form a linked list through `next`.
struct LearnedClauses {
    /// Identifies a clause.
    struct ID: SolverIndex {
        let rawValue: Int32

        @inline(__always)
        init(rawValue: Int32) { self.rawValue = rawValue }
    }

    /// One of the two watches of a clause.
    struct Watcher {
        fileprivate let code: Int32

        fileprivate init(code: Int32) {
            self.code = code
        }

        fileprivate init(_ clause: ID, second: Bool) {
            code = clause.rawValue << 1 | (second ? 1 : 0)
        }

        var clause: ID { ID(rawValue: code >> 1) }
        fileprivate var isSecond: Bool { code & 1 == 1 }
    }

    private var codes: [Int32] = []
    private var firstWatcher: [Int32] = []
    private var next: [Int32] = []
    private var starts: [Int32] = []

    var count: Int { starts.count }

    var ids: Range<ID> { ID.first(count) }

    mutating func grow(to candidates: Int) {
        while firstWatcher.count < 2 * candidates { firstWatcher.append(-1) }
    }

    func range(_ clause: ID) -> Range<Int> {
        let end = clause.index + 1 < starts.count ? Int(starts[clause.index + 1]) : codes.count
        return Int(starts[clause.index])..<end
    }

    func literal(at index: Int) -> Literal { Literal(code: codes[index]) }

    /// Stores a clause; the two literals to watch come first.
    mutating func add(_ first: Literal, _ others: some Sequence<Literal>) -> ID {
        let clause = ID(starts.count)
        let start = codes.count
        starts.append(Int32(start))
        codes.append(first.code)
        for literal in others { codes.append(literal.code) }
        next.append(-1)
        next.append(-1)
        if codes.count > start + 1 {
            keep(Watcher(clause, second: false), on: first)
            keep(Watcher(clause, second: true), on: Literal(code: codes[start + 1]))
        }
        return clause
    }

    /// Detaches the list of watchers of `literal` and returns its first element.
    mutating func takeWatchers(of literal: Literal) -> Watcher? {
        let first = firstWatcher[Int(literal.code)]
        guard first >= 0 else { return nil }
        firstWatcher[Int(literal.code)] = -1
        return Watcher(code: first)
    }

    func watcher(after watcher: Watcher) -> Watcher? {
        let following = next[Int(watcher.code)]
        return following < 0 ? nil : Watcher(code: following)
    }

    /// Puts `watcher` on the list of `literal`.
    mutating func keep(_ watcher: Watcher, on literal: Literal) {
        next[Int(watcher.code)] = firstWatcher[Int(literal.code)]
        firstWatcher[Int(literal.code)] = watcher.code
    }

    /// Moves `watcher` to a literal of its clause that is not false, if there is one besides the other watched.
    mutating func move(_ watcher: Watcher, given values: [Int8]) -> Bool {
        let range = range(watcher.clause)
        let position = range.lowerBound + (watcher.isSecond ? 1 : 0)
        for index in (range.lowerBound + 2)..<max(range.upperBound, range.lowerBound + 2)
        where literal(at: index).value(in: values) >= 0 {
            codes.swapAt(position, index)
            keep(watcher, on: literal(at: position))
            return true
        }
        return false
    }

    /// The other watched literal of the clause of `watcher`.
    func partner(of watcher: Watcher) -> Literal {
        literal(at: range(watcher.clause).lowerBound + (watcher.isSecond ? 0 : 1))
    }

    /// Removes all clauses.
    mutating func reset() {
        for clause in ids {
            for index in range(clause).prefix(2) { firstWatcher[Int(codes[index])] = -1 }
        }
        codes.removeAll(keepingCapacity: true)
        next.removeAll(keepingCapacity: true)
        starts.removeAll(keepingCapacity: true)
    }
}
