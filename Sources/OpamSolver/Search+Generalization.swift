/// A conflict of one version often applies to other versions of the name.
///
/// A conflict shows that a version cannot be selected together with the previous decisions. Every clause of the
/// derivation in which the version occurs states that another candidate excludes it, or that it has a certain
/// dependency. If another version of the name is excluded by the same candidates and has the same dependencies, the
/// same derivation is valid for it: resolution does not depend on the names of literals. So the search does not repeat
/// the conflict for each version.
extension Search {
    /// Learns the same clause for the other candidates of a slot to which its derivation applies.
    mutating func learnForSimilarVersions(_ candidate: Candidate, at target: Int32) {
        let slot = problem.slot(of: candidate)
        guard assignment.openCandidates[slot.index] > 0, let parts = contributions(of: candidate) else { return }
        for index in problem.order.range(slot) {
            let other = problem.order.candidate(at: index)
            guard assignment.isUnassigned(other), parts.allSatisfy({ holds($0, for: other) }) else { continue }
            learn(Literal(other, isPositive: false), at: target)
        }
    }

    /// What a candidate contributes to a conflict.
    private enum Contribution {
        case exclusion(Candidate)
        case dependency(slot: Slot, set: CandidateSets.ID)
    }

    /// What a candidate contributed to the conflict analysed last; nil if that was a learned clause.
    private func contributions(of candidate: Candidate) -> [Contribution]? {
        var parts: [Contribution] = []
        for clause in analysis.antecedents {
            switch clause {
            case .exclusion(candidate, let other), .exclusion(let other, candidate):
                if other == candidate { return nil }
                parts.append(.exclusion(other))
            case .dependency(candidate, let index):
                parts.append(
                    .dependency(
                        slot: problem.dependencies.slot(Int(index)), set: problem.dependencies.set(Int(index))))
            case .learned(let clause):
                for index in learned.range(clause) where learned.literal(at: index).candidate == candidate {
                    return nil
                }
            default: continue
            }
        }
        return parts
    }

    private mutating func holds(_ part: Contribution, for candidate: Candidate) -> Bool {
        statistics.steps += 1
        switch part {
        case .exclusion(let other): return problem.areExclusive(other, candidate)
        case .dependency(let slot, let set):
            return problem.dependencies.range(candidate).contains {
                problem.dependencies.slot($0) == slot && problem.dependencies.set($0) == set
            }
        }
    }
}
