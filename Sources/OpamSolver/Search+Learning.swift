/// What is being learned from a conflict.
struct ConflictAnalysis {
    /// The marked candidates of the level of the conflict that are not replaced yet.
    var open = 0
    /// The candidates of lower levels.
    var others: [Candidate] = []
    /// What was assigned to them cannot hold together with what is concluded.
    var literals: [Literal] = []
    /// The clauses put together.
    var antecedents: [Clause] = []

    mutating func clear() {
        open = 0
        others.removeAll(keepingCapacity: true)
        antecedents.removeAll(keepingCapacity: true)
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
            let number = clauses.add(lemma[0], lemma.dropFirst())
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
            let turningPoint = firstUniqueImplicationPoint(of: clause, top: top)
            // What was concluded late may follow from what was known early.
            if let reason = reason[Int(turningPoint)] {
                let earliest = lastLevel(of: reason, besides: turningPoint)
                if earliest < top {
                    level[Int(turningPoint)] = earliest
                    continue
                }
            }
            conclude(turningPoint, top)
            return true
        }
    }

    /// Stores the clause of the turning point and `analysis.others`, and goes back to where it tells something.
    private mutating func conclude(_ turningPoint: Candidate, _ top: Int32) {
        proof?.antecedents.append(analysis.antecedents)
        let assertion = Literal(turningPoint, taken: value[Int(turningPoint)] < 0)
        var target: Int32 = 0
        for index in analysis.others.indices where level[Int(analysis.others[index])] > target {
            target = level[Int(analysis.others[index])]
            analysis.others.swapAt(0, index)
        }
        analysis.literals.removeAll(keepingCapacity: true)
        for other in analysis.others { analysis.literals.append(Literal(other, taken: value[Int(other)] < 0)) }
        close(downTo: Int(top - target > Search.longestWayBack ? top - 1 : target))
        conclude(assertion, at: target)
        if !assertion.isTaken, proof == nil { concludeAlike(turningPoint, at: target) }
    }

    /// Stores the clause of a literal and `analysis.literals`, all of which have failed, and assigns the literal.
    mutating func conclude(_ assertion: Literal, at target: Int32) {
        assign(assertion.candidate, assertion.isTaken, because: .learned(clauses.add(assertion, analysis.literals)))
        level[Int(assertion.candidate)] = target
    }

    /// Decisions that are made again rather than left as they are.
    private static let longestWayBack: Int32 = 5

    private mutating func lastLevel(of clause: Clause, besides skipped: Candidate?) -> Int32 {
        var last: Int32 = 0
        forEachCandidate(of: clause, besides: skipped) { last = max(last, $0.sourceLevel(of: $1)) }
        return last
    }

    /// Replaces what was concluded at level `top` by what it was concluded from, latest first, until one
    /// candidate of that level is left. Those of lower levels are left in `analysis`.
    private mutating func firstUniqueImplicationPoint(of clause: Clause, top: Int32) -> Candidate {
        analysis.clear()
        resolve(clause, besides: nil, top)
        var index = trail.count
        while true {
            repeat { index -= 1 } while !(isSeen[Int(trail[index])] && level[Int(trail[index])] == top)
            let candidate = trail[index]
            isSeen[Int(candidate)] = false
            analysis.open -= 1
            guard analysis.open > 0, let reason = reason[Int(candidate)] else {
                for other in analysis.others { isSeen[Int(other)] = false }
                return candidate
            }
            resolve(reason, besides: candidate, top)
        }
    }

    /// Marks the candidates of a clause.
    private mutating func resolve(_ clause: Clause, besides skipped: Candidate?, _ top: Int32) {
        analysis.antecedents.append(clause)
        forEachCandidate(of: clause, besides: skipped) { $0.mark($1, top) }
    }

    /// Marks a candidate of a clause to be replaced, or kept if its level is lower.
    ///
    /// One taken candidate often excludes a hundred others, so it is put into their place at once.
    private mutating func mark(_ candidate: Candidate, _ top: Int32) {
        effort += 1
        var marked = candidate
        if let reason = reason[Int(candidate)], let excluder = reason.excluder(of: candidate) {
            level[Int(candidate)] = level[Int(excluder)]
            if level[Int(excluder)] == top {
                analysis.antecedents.append(reason)
                marked = excluder
            }
        }
        let level = level[Int(marked)]
        guard level > 0, !isSeen[Int(marked)] else { return }
        isSeen[Int(marked)] = true
        if level == top { analysis.open += 1 } else { analysis.others.append(marked) }
    }

    /// The level from which an assignment follows. It may have been drawn at a later one.
    func sourceLevel(of candidate: Candidate) -> Int32 {
        level[Int(reason[Int(candidate)]?.excluder(of: candidate) ?? candidate)]
    }

    /// Calls `visit` with this search and each candidate of `clause`.
    @inline(__always)
    mutating func forEachCandidate(
        of clause: Clause, besides skipped: Candidate?, _ visit: (inout Search, Candidate) -> Void
    ) {
        func meet(_ candidate: Candidate, _ search: inout Search) {
            if candidate != skipped { visit(&search, candidate) }
        }
        switch clause {
        case .exclusion(let one, let other):
            meet(one, &self)
            meet(other, &self)
        case .never(let candidate):
            meet(candidate, &self)
        case .need(let candidate, let need):
            meet(candidate, &self)
            let set = rules.needs.set(Int(need))
            for index in rules.order.range(rules.needs.slot(Int(need))) {
                let candidate = rules.order.values[index]
                if rules.sets.contains(candidate, in: set) { meet(candidate, &self) }
            }
        case .learned(let number):
            for index in clauses.range(number) { meet(clauses.literal(at: index).candidate, &self) }
        }
    }
}
