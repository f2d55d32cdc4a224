/// How a search came to know that there is no solution.
struct Proof {
    /// What each learned clause was concluded from.
    var antecedents: [[Clause]] = []
    /// The clause that is broken without any decision.
    var conflict: Clause?
}

extension Search {
    /// The clauses, without learned ones, from which it follows that there is no solution.
    ///
    /// - Precondition: `proof` was set before the search, which ended as unsolvable and was not cleared.
    mutating func clausesOfProof() -> Set<Clause> {
        guard let proof, let conflict = proof.conflict else { return [] }
        var used: Set<Clause> = []
        var seen: Set<Clause> = [conflict]
        var open = [conflict]
        while let clause = open.popLast() {
            var before: [Clause] = []
            if case .learned(let number) = clause {
                before = proof.antecedents[Int(number)]
            } else {
                used.insert(clause)
            }
            forEachCandidate(of: clause, besides: nil) { search, candidate in
                guard search.sourceLevel(of: candidate) == 0, let reason = search.reason[Int(candidate)] else { return }
                before.append(reason)
            }
            open += before.filter { seen.insert($0).inserted }
        }
        return used
    }
}
