/// The assignments in the order in which they were made, and where each decision level begins.
///
/// - SeeAlso: `docs/decisions/0029-chronological-backtracking.md`
struct Trail {
    var candidates: [Candidate] = []
    /// The number of assignments that have been propagated.
    var propagated = 0
    /// The slots required by a dependency, in order.
    var requiredSlots: [Slot] = []
    var decisionLevels: [DecisionLevel] = []
    /// Assignments that survive backtracking; empty otherwise.
    fileprivate var retained: [Literal] = []
}

/// The state before a decision.
struct DecisionLevel {
    let trail: Int
    let required: Int
    let walk: Walk.Position
}

extension Search {
    /// Saves the state before a decision.
    mutating func pushDecisionLevel() {
        trail.decisionLevels.append(
            DecisionLevel(
                trail: trail.candidates.count, required: trail.requiredSlots.count, walk: walk.position))
    }

    /// Returns to the state in which only the first `count` decisions were made.
    mutating func backtrack(to count: Int) {
        guard count < trail.decisionLevels.count else { return }
        let state = trail.decisionLevels[count]
        trail.decisionLevels.removeLast(trail.decisionLevels.count - count)
        restore(state, keeping: Int32(count))
    }

    /// Returns to the state before any request.
    mutating func reset() {
        trail.decisionLevels.removeAll(keepingCapacity: true)
        restore(DecisionLevel(trail: 0, required: 0, walk: .start), keeping: -1)
        learned.reset()
        statistics.reset()
    }

    /// - Parameter depth: Later assignments that follow from at most this many decisions stay assigned.
    private mutating func restore(_ state: DecisionLevel, keeping depth: Int32) {
        while trail.candidates.count > state.trail {
            let candidate = trail.candidates[trail.candidates.count - 1]
            if assignment.levels[candidate.index] <= depth {
                trail.retained.append(Literal(candidate, isPositive: assignment.isSelected(candidate)))
            }
            undoLastAssignment()
        }
        trail.propagated = trail.candidates.count
        while trail.requiredSlots.count > state.required {
            assignment.requirements[trail.requiredSlots.removeLast().index] = nil
        }
        walk.restore(state.walk)
        while let literal = trail.retained.popLast() { enqueue(literal.candidate, literal.isPositive) }
    }

    private mutating func undoLastAssignment() {
        let candidate = trail.candidates.removeLast()
        let slot = problem.slot(of: candidate).index
        if assignment.isExcluded(candidate) {
            assignment.openCandidates[slot] += 1
        } else {
            if assignment.selected[slot] == candidate { assignment.selected[slot] = .none }
            for index in problem.atMostOneGroups.range(candidate) {
                let group = problem.atMostOneGroups.group(at: index)
                if assignment.classHolder[group] == candidate { assignment.classHolder[group] = .none }
            }
        }
        assignment.values[candidate.index] = 0
    }
}
