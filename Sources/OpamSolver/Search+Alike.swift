/// What is learned about one version often holds for its neighbours.
///
/// A conflict teaches that a version cannot be taken together with what was decided before. Every clause that it follows
/// from and in which the version has a part says that another candidate excludes it, or that it has a certain need. If
/// another version of the name is excluded by the same candidates and has the same needs, the same steps lead to the same
/// conclusion about it: resolution does not ask what its literals are called. So the search does not run into the same
/// wall once for each version.
extension Search {
    /// Draws the same conclusion about the other candidates of a slot for which it could be learned the same way.
    mutating func concludeAlike(_ candidate: Candidate, at target: Int32) {
        let slot = rules.slotOf[Int(candidate)]
        guard alive[Int(slot)] > 0, let parts = parts(of: candidate) else { return }
        for index in rules.order.range(slot) {
            let other = rules.order.values[index]
            guard value[Int(other)] == 0, parts.allSatisfy({ holds($0, for: other) }) else { continue }
            note(other)
            conclude(Literal(other, taken: false), at: target)
        }
    }

    /// What a candidate contributes to a conflict.
    private enum Part {
        case exclusion(Candidate)
        case need(slot: Slot, set: Int32)
    }

    /// What a candidate contributed to the conflict last analysed; nil where that was learned before.
    private func parts(of candidate: Candidate) -> [Part]? {
        var parts: [Part] = []
        for clause in analysis.antecedents {
            switch clause {
            case .exclusion(candidate, let other), .exclusion(let other, candidate):
                if other == candidate { return nil }
                parts.append(.exclusion(other))
            case .need(candidate, let need):
                parts.append(.need(slot: rules.needs.slot(Int(need)), set: rules.needs.set(Int(need))))
            case .never(candidate): return nil
            case .learned(let number):
                for index in clauses.range(number) where clauses.literal(at: index).candidate == candidate {
                    return nil
                }
            default: continue
            }
        }
        return parts
    }

    private mutating func holds(_ part: Part, for candidate: Candidate) -> Bool {
        effort += 1
        switch part {
        case .exclusion(let other): return rules.areExclusive(other, candidate)
        case .need(let slot, let set):
            return rules.needs.range(candidate).contains {
                rules.needs.slot($0) == slot && rules.needs.set($0) == set
            }
        }
    }
}
