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
    mutating func add(_ new: [Literal]) -> Int32 {
        let clause = Int32(starts.count)
        starts.append(Int32(codes.count))
        codes.append(contentsOf: new.lazy.map(\.code))
        next.append(-1)
        next.append(-1)
        if new.count > 1 {
            watch(clause << 1, new[0])
            watch(clause << 1 | 1, new[1])
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

extension Search {
    /// What was learned since the search was cleared.
    var lemmas: [[Literal]] {
        (0..<Int32(clauses.count)).map { number in clauses.range(number).map { clauses.literal(at: $0) } }
    }

    /// Takes over what another search has learned. Must come before anything is decided.
    mutating func learn(_ lemmas: [[Literal]]) {
        for lemma in lemmas {
            let number = clauses.add(lemma)
            if lemma.count == 1 {
                assign(lemma[0].candidate, lemma[0].isTaken, because: .learned(number))
            }
        }
    }

    /// Looks at the learned clauses that watch what has just failed.
    mutating func visitWatches(of candidate: Candidate, taken: Bool) -> Clause? {
        guard clauses.count > 0 else { return nil }
        let failed = Literal(candidate, taken: !taken)
        var watcher = clauses.takeWatchers(of: failed)
        var broken: Clause?
        while watcher >= 0 {
            let following = clauses.watcher(after: watcher)
            effort += 1
            let partner = clauses.partner(of: watcher)
            let state = partner.state(value)
            if broken != nil || state > 0 {
                clauses.keep(watcher, on: failed)
            } else if !clauses.move(watcher, given: value) {
                clauses.keep(watcher, on: failed)
                if state == 0 {
                    assign(partner.candidate, partner.isTaken, because: .learned(watcher >> 1))
                } else {
                    broken = .learned(watcher >> 1)
                }
            }
            watcher = following
        }
        return broken
    }

    /// Learns why `clause` is broken, goes back to where that could have been known, and draws the conclusion.
    ///
    /// - Returns: false when nothing is left to go back to: there is no solution.
    mutating func learn(from clause: Clause) -> Bool {
        while true {
            let top = lastLevel(of: clause, besides: nil)
            guard top > 0 else {
                proof?.conflict = clause
                return false
            }
            let (turningPoint, others, antecedents) = firstUniqueImplicationPoint(of: clause, top: top)
            // What was concluded late may follow from what was known early.
            if let reason = reason[Int(turningPoint)] {
                let earliest = lastLevel(of: reason, besides: turningPoint)
                if earliest < top {
                    level[Int(turningPoint)] = earliest
                    continue
                }
            }
            proof?.antecedents.append(antecedents)
            conclude(turningPoint, others, top)
            return true
        }
    }

    private mutating func conclude(_ turningPoint: Candidate, _ others: [Candidate], _ top: Int32) {
        let assertion = Literal(turningPoint, taken: value[Int(turningPoint)] < 0)
        var literals = [assertion] + others.map { Literal($0, taken: value[Int($0)] < 0) }
        var target: Int32 = 0
        for index in literals.indices.dropFirst() where level[Int(literals[index].candidate)] > target {
            target = level[Int(literals[index].candidate)]
            literals.swapAt(1, index)
        }
        close(downTo: Int(top - target > Search.longestWayBack ? top - 1 : target))
        assign(assertion.candidate, assertion.isTaken, because: .learned(clauses.add(literals)))
        level[Int(assertion.candidate)] = target
    }

    /// Decisions that are made again rather than left as they are.
    private static let longestWayBack: Int32 = 5

    private func lastLevel(of clause: Clause, besides skipped: Candidate?) -> Int32 {
        var last: Int32 = 0
        forEachCandidate(of: clause, besides: skipped) { last = max(last, $1) }
        return last
    }

    /// Replaces what was concluded at level `top` by what it was concluded from, latest first, until one
    /// candidate of that level is left.
    ///
    /// - Returns: That candidate, the candidates of lower levels (without the lowest, which always holds), and, for a
    ///   proof, the clauses that were put together.
    private mutating func firstUniqueImplicationPoint(
        of clause: Clause, top: Int32
    ) -> (point: Candidate, others: [Candidate], antecedents: [Clause]) {
        var others: [Candidate] = []
        var open = 0
        var index = trail.count
        var point: Candidate?
        var toResolve: Clause? = clause
        var antecedents: [Clause] = []
        while let resolved = toResolve {
            if proof != nil { antecedents.append(resolved) }
            var found: [(Candidate, Int32)] = []
            forEachCandidate(of: resolved, besides: point) { found.append(($0, $1)) }
            effort += found.count
            for (candidate, level) in found where level > 0 && !isSeen[Int(candidate)] {
                isSeen[Int(candidate)] = true
                if level == top { open += 1 } else { others.append(candidate) }
            }
            repeat { index -= 1 } while !(isSeen[Int(trail[index])] && level[Int(trail[index])] == top)
            let candidate = trail[index]
            isSeen[Int(candidate)] = false
            open -= 1
            point = candidate
            toResolve = open > 0 ? reason[Int(candidate)] : nil
        }
        for candidate in others { isSeen[Int(candidate)] = false }
        return (trail[index], others, antecedents)
    }

    /// Calls `visit` with each candidate of `clause` and the level of its assignment.
    func forEachCandidate(
        of clause: Clause, besides skipped: Candidate?, _ visit: (Candidate, Int32) -> Void
    ) {
        func meet(_ candidate: Candidate) {
            if candidate != skipped { visit(candidate, level[Int(candidate)]) }
        }
        switch clause {
        case .exclusion(let one, let other):
            meet(one)
            meet(other)
        case .never(let candidate):
            meet(candidate)
        case .need(let candidate, let need):
            meet(candidate)
            let set = rules.needs.set(Int(need))
            for index in rules.order.range(rules.needs.slot(Int(need)))
            where rules.sets.contains(rules.order.values[index], in: set) {
                meet(rules.order.values[index])
            }
        case .learned(let number):
            for index in clauses.range(number) { meet(clauses.literal(at: index).candidate) }
        }
    }
}
