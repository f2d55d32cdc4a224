/// The derivation of the empty clause, which proves that there is no solution.
struct Proof {
    /// By learned clause, the clauses it was resolved from.
    var antecedents: [[Clause]] = []
    /// The clause that is false without any decision.
    var conflict: Clause?
}

extension Search {
    /// The original clauses that the proof rests on: an unsatisfiable core.
    ///
    /// - Precondition: `proof` was set before the search, which ended as unsolvable and was not reset.
    mutating func clausesOfProof() -> Set<Clause> {
        guard let proof, let conflict = proof.conflict else { return [] }
        var used: Set<Clause> = []
        var seen: Set<Clause> = [conflict]
        var open = [conflict]
        while let clause = open.popLast() {
            var before: [Clause] = []
            if case .learned(let number) = clause {
                before = proof.antecedents[number.index]
            } else {
                used.insert(clause)
            }
            forEachCandidate(of: clause, besides: nil) { search, candidate in
                guard search.sourceLevel(of: candidate) == 0, let reason = search.assignment.reasons[candidate.index]
                else { return }
                before.append(reason)
            }
            open += before.filter { seen.insert($0).inserted }
        }
        return used
    }
}
