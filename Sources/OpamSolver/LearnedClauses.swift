/// A candidate taken, or a candidate left: a part of a stored clause.
struct Literal {
    let code: Int32

    init(_ candidate: Candidate, taken: Bool) {
        code = candidate << 1 | (taken ? 0 : 1)
    }

    init(code: Int32) {
        self.code = code
    }

    var candidate: Candidate { code >> 1 }
    var isTaken: Bool { code & 1 == 0 }

    /// 1 when the literal holds, -1 when it cannot, 0 while its candidate is undecided.
    @inline(__always)
    func state(_ value: [Int8]) -> Int8 {
        let state = value[Int(candidate)]
        return isTaken ? state : -state
    }
}

/// The clauses learned in one request. The first two literals of each are watched: a clause is looked at
/// only when one of them fails. The watchers of a literal form a list through `next`.
struct LearnedClauses {
    private var codes: [Int32] = []
    private var firstWatcher: [Int32] = []
    private var next: [Int32] = []
    private var starts: [Int32] = []

    var count: Int { starts.count }

    mutating func grow(to candidates: Int) {
        while firstWatcher.count < 2 * candidates { firstWatcher.append(-1) }
    }

    func range(_ clause: Int32) -> Range<Int> {
        let end = Int(clause) + 1 < starts.count ? Int(starts[Int(clause) + 1]) : codes.count
        return Int(starts[Int(clause)])..<end
    }

    func literal(at index: Int) -> Literal { Literal(code: codes[index]) }

    /// Stores a clause; the two literals to watch come first.
    mutating func add(_ first: Literal, _ others: some Sequence<Literal>) -> Int32 {
        let clause = Int32(starts.count)
        let start = codes.count
        starts.append(Int32(start))
        codes.append(first.code)
        for literal in others { codes.append(literal.code) }
        next.append(-1)
        next.append(-1)
        if codes.count > start + 1 {
            watch(clause << 1, first)
            watch(clause << 1 | 1, Literal(code: codes[start + 1]))
        }
        return clause
    }

    private mutating func watch(_ watcher: Int32, _ literal: Literal) {
        next[Int(watcher)] = firstWatcher[Int(literal.code)]
        firstWatcher[Int(literal.code)] = watcher
    }

    /// Takes the list of the watchers of `literal` away, to be gone through.
    mutating func takeWatchers(of literal: Literal) -> Int32 {
        let first = firstWatcher[Int(literal.code)]
        if first >= 0 { firstWatcher[Int(literal.code)] = -1 }
        return first
    }

    func watcher(after watcher: Int32) -> Int32 { next[Int(watcher)] }

    /// Lets `watcher` watch `literal` as before.
    mutating func keep(_ watcher: Int32, on literal: Literal) {
        watch(watcher, literal)
    }

    /// Lets `watcher` watch a literal of its clause that can still hold, if there is one besides the other watched.
    mutating func move(_ watcher: Int32, given value: [Int8]) -> Bool {
        let range = range(watcher >> 1)
        let place = range.lowerBound + Int(watcher & 1)
        for index in (range.lowerBound + 2)..<max(range.upperBound, range.lowerBound + 2)
        where literal(at: index).state(value) >= 0 {
            codes.swapAt(place, index)
            watch(watcher, literal(at: place))
            return true
        }
        return false
    }

    /// The other literal that the clause of `watcher` watches.
    func partner(of watcher: Int32) -> Literal {
        literal(at: range(watcher >> 1).lowerBound + Int(1 - watcher & 1))
    }

    /// Forgets all clauses.
    mutating func clear() {
        for clause in starts.indices {
            let range = range(Int32(clause))
            for index in range.prefix(2) { firstWatcher[Int(codes[index])] = -1 }
        }
        codes.removeAll(keepingCapacity: true)
        next.removeAll(keepingCapacity: true)
        starts.removeAll(keepingCapacity: true)
    }
}
