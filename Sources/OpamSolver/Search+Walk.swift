/// One open place of the walk: the next need of a candidate, and the step to go on with after its last.
/// Steps are never changed, so going back to an earlier state is going back to an earlier number.
struct WalkStep {
    let candidate: Candidate
    let need: Int32
    let next: Int32
}

/// How a search ended.
enum SearchEnd {
    case solved
    case unsolvable
    /// The effort allowed was spent before an answer was found.
    case exhausted
}

extension Search {
    /// Walks from `root`, a candidate that has to be taken.
    ///
    /// - Parameter budget: how many assignments and resolved parts of clauses are allowed.
    mutating func run(from root: Candidate, budget: Int) -> SearchEnd {
        assign(root, true, because: nil)
        steps.append(WalkStep(candidate: root, need: Int32(rules.needs.range(root).lowerBound), next: -1))
        current = 0
        var broken = propagate()
        while effort <= budget {
            if let clause = broken {
                guard learn(from: clause) else { return .unsolvable }
                broken = propagate()
            } else if let slot = nextUndecided() {
                broken = decide(slot)
            } else {
                return .solved
            }
        }
        return .exhausted
    }

    /// Follows the walk to the next slot that has to be decided; nil at its end.
    private mutating func nextUndecided() -> Slot? {
        while current >= 0 {
            let step = steps[Int(current)]
            let needs = rules.needs.range(step.candidate)
            guard Int(step.need) < needs.upperBound else {
                current = step.next
                continue
            }
            let slot = rules.needs.slot(Int(step.need))
            let taken = chosen[Int(slot)]
            if taken < 0 { return slot }
            if Int(step.need) + 1 < needs.upperBound {
                push(WalkStep(candidate: step.candidate, need: step.need + 1, next: step.next))
            } else {
                current = step.next
            }
            if !isWalked[Int(slot)] {
                isWalked[Int(slot)] = true
                walked.append(slot)
                push(
                    WalkStep(candidate: taken, need: Int32(rules.needs.range(taken).lowerBound), next: current))
            }
        }
        return nil
    }

    private mutating func push(_ step: WalkStep) {
        steps.append(step)
        current = Int32(steps.count - 1)
    }

    /// Takes the best candidate of `slot`, or leaves one that cannot be taken.
    private mutating func decide(_ slot: Slot) -> Clause? {
        for index in rules.order.range(slot) {
            let candidate = rules.order.values[index]
            guard value[Int(candidate)] == 0 else { continue }
            note(candidate)
            if let clause = refutation(of: candidate) {
                assign(candidate, false, because: clause)
            } else {
                openLevel()
                assign(candidate, true, because: nil)
            }
            return propagate()
        }
        guard let requirement = requirement[Int(slot)] else { return nil }
        noteAll(of: Int(requirement.index))
        return .need(requirement.candidate, index: requirement.index)
    }
}
