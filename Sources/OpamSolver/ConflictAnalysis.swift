/// The state of analysing one conflict.
struct ConflictAnalysis {
    /// Marked candidates of the level of the conflict that are not resolved yet.
    var unresolved = 0
    /// Marked candidates of lower levels.
    var lowerLevels: [Candidate] = []
    /// The literals of the learned clause besides the asserted one: all false.
    var literals: [Literal] = []
    /// The clauses that were resolved.
    var antecedents: [Clause] = []
    var isSeen: [Bool]

    init(candidates: Int) {
        isSeen = Array(repeating: false, count: candidates)
    }

    mutating func grow(to candidates: Int) {
        while isSeen.count < candidates { isSeen.append(false) }
    }

    mutating func reset() {
        unresolved = 0
        lowerLevels.removeAll(keepingCapacity: true)
        antecedents.removeAll(keepingCapacity: true)
    }
}

extension Search {
    /// The clauses learned since the search was reset.
    var learnedClauses: [[Literal]] {
        learned.ids.map { clause in learned.range(clause).map { learned.literal(at: $0) } }
    }

    /// Adds clauses that another search has learned. Must come before any decision.
    mutating func add(_ clauses: [[Literal]]) {
        for literals in clauses {
            let clause = learned.add(literals[0], literals.dropFirst())
            if literals.count == 1 { assign(literals[0].candidate, literals[0].isPositive, because: .learned(clause)) }
        }
    }

    /// Visits the learned clauses that watch the literal that has just become false.
    mutating func propagateWatched(_ candidate: Candidate, _ isSelected: Bool) -> Clause? {
        guard learned.count > 0 else { return nil }
        let failed = Literal(candidate, isPositive: !isSelected)
        var watcher = learned.takeWatchers(of: failed)
        var conflict: Clause?
        while let current = watcher {
            let following = learned.watcher(after: current)
            statistics.steps += 1
            let partner = learned.partner(of: current)
            let value = partner.value(in: assignment.values)
            if conflict != nil || value > 0 {
                learned.keep(current, on: failed)
            } else if !learned.move(current, given: assignment.values) {
                learned.keep(current, on: failed)
                if value == 0 {
                    assign(partner.candidate, partner.isPositive, because: .learned(current.clause))
                } else {
                    conflict = .learned(current.clause)
                }
            }
            watcher = following
        }
        return conflict
    }

    /// Learns a clause from the conflict `clause`, backtracks, and asserts its literal.
    ///
    /// - Returns: false when there is no decision left to undo: there is no solution.
    mutating func resolveConflict(_ clause: Clause) -> Bool {
        while true {
            let top = lastLevel(of: clause, besides: nil)
            guard top > 0 else {
                proof?.conflict = clause
                return false
            }
            let uip = firstUniqueImplicationPoint(of: clause, top: top)
            // With chronological backtracking, a late assignment may follow from earlier decisions alone.
            if let reason = assignment.reasons[uip.index] {
                let earliest = lastLevel(of: reason, besides: uip)
                if earliest < top {
                    assignment.levels[uip.index] = earliest
                    continue
                }
            }
            learnAndBackjump(uip, top)
            return true
        }
    }

    /// Stores the clause of the implication point and `analysis.lowerLevels`, and backtracks to where it is unit.
    private mutating func learnAndBackjump(_ uip: Candidate, _ top: Int32) {
        proof?.antecedents.append(analysis.antecedents)
        let assertion = assignment.falseLiteral(of: uip)
        var target: Int32 = 0
        for index in analysis.lowerLevels.indices
        where assignment.levels[analysis.lowerLevels[index].index] > target {
            target = assignment.levels[analysis.lowerLevels[index].index]
            analysis.lowerLevels.swapAt(0, index)
        }
        analysis.literals.removeAll(keepingCapacity: true)
        for other in analysis.lowerLevels { analysis.literals.append(assignment.falseLiteral(of: other)) }
        backtrack(to: Int(top - target > Search.chronologicalThreshold ? top - 1 : target))
        learn(assertion, at: target)
        if !assertion.isPositive, proof == nil { learnForSimilarVersions(uip, at: target) }
    }

    /// Stores the clause of a literal and `analysis.literals`, and asserts the literal at decision level `level`.
    mutating func learn(_ assertion: Literal, at level: Int32) {
        assign(assertion.candidate, assertion.isPositive, because: .learned(learned.add(assertion, analysis.literals)))
        assignment.levels[assertion.candidate.index] = level
    }

    /// A backjump over more levels than this goes back by one level instead.
    private static let chronologicalThreshold: Int32 = 5

    private mutating func lastLevel(of clause: Clause, besides skipped: Candidate?) -> Int32 {
        var last: Int32 = 0
        forEachCandidate(of: clause, besides: skipped) { last = max(last, $0.sourceLevel(of: $1)) }
        return last
    }

    /// Resolves the assignments of level `top` with their reasons, latest first, until one is left: the first unique
    /// implication point. The candidates of lower levels are left in `analysis`.
    private mutating func firstUniqueImplicationPoint(of clause: Clause, top: Int32) -> Candidate {
        analysis.reset()
        resolve(clause, besides: nil, top)
        var index = trail.candidates.count
        while true {
            repeat { index -= 1 } while !isMarked(trail.candidates[index], at: top)
            let candidate = trail.candidates[index]
            analysis.isSeen[candidate.index] = false
            analysis.unresolved -= 1
            guard analysis.unresolved > 0, let reason = assignment.reasons[candidate.index] else {
                for other in analysis.lowerLevels { analysis.isSeen[other.index] = false }
                return candidate
            }
            resolve(reason, besides: candidate, top)
        }
    }

    @inline(__always)
    private func isMarked(_ candidate: Candidate, at level: Int32) -> Bool {
        analysis.isSeen[candidate.index] && assignment.levels[candidate.index] == level
    }

    /// Marks the candidates of a clause.
    private mutating func resolve(_ clause: Clause, besides skipped: Candidate?, _ top: Int32) {
        analysis.antecedents.append(clause)
        forEachCandidate(of: clause, besides: skipped) { $0.mark($1, top) }
    }

    /// Marks a candidate of a clause: to be resolved at level `top`, to be kept at a lower one.
    ///
    /// One selected candidate often excludes a hundred others, so they are resolved with it at once.
    private mutating func mark(_ candidate: Candidate, _ top: Int32) {
        statistics.steps += 1
        var marked = candidate
        if let reason = assignment.reasons[candidate.index], let excluder = reason.excluder(of: candidate) {
            assignment.levels[candidate.index] = assignment.levels[excluder.index]
            if assignment.levels[excluder.index] == top {
                analysis.antecedents.append(reason)
                marked = excluder
            }
        }
        let level = assignment.levels[marked.index]
        guard level > 0, !analysis.isSeen[marked.index] else { return }
        analysis.isSeen[marked.index] = true
        if level == top { analysis.unresolved += 1 } else { analysis.lowerLevels.append(marked) }
    }

    /// The level that an assignment follows from. It may have been made at a later one.
    func sourceLevel(of candidate: Candidate) -> Int32 {
        assignment.levels[(assignment.reasons[candidate.index]?.excluder(of: candidate) ?? candidate).index]
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
        case .dependency(let candidate, let dependency):
            meet(candidate, &self)
            let set = problem.dependencies.set(Int(dependency))
            for index in problem.order.range(problem.dependencies.slot(Int(dependency))) {
                let candidate = problem.order.candidate(at: index)
                if problem.sets.contains(candidate, in: set) { meet(candidate, &self) }
            }
        case .learned(let clause):
            for index in learned.range(clause) { meet(learned.literal(at: index).candidate, &self) }
        }
    }
}
