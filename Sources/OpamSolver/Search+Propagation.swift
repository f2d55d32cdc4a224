/// Assignments, and unit propagation.
extension Search {
    /// Selects or excludes `candidate`, which is unassigned.
    mutating func assign(_ candidate: Candidate, _ isSelected: Bool, because clause: Clause?) {
        assignment.levels[candidate.index] =
            clause?.excluder(of: candidate).map { assignment.levels[$0.index] } ?? Int32(trail.decisionLevels.count)
        assignment.reasons[candidate.index] = clause
        enqueue(candidate, isSelected)
    }

    /// Puts an assignment whose level and reason are known on the trail.
    mutating func enqueue(_ candidate: Candidate, _ isSelected: Bool) {
        let slot = problem.slot(of: candidate).index
        assignment.values[candidate.index] = isSelected ? 1 : -1
        trail.candidates.append(candidate)
        statistics.steps += 1
        if !isSelected {
            assignment.openCandidates[slot] -= 1
        } else if assignment.selected[slot].isNone {
            assignment.selected[slot] = candidate
        }
    }

    /// Propagates all assignments that have not been propagated yet.
    ///
    /// - Returns: a clause that is false under the assignment (the conflict), or nil.
    mutating func propagate() -> Clause? {
        while trail.propagated < trail.candidates.count {
            let candidate = trail.candidates[trail.propagated]
            trail.propagated += 1
            let isSelected = assignment.isSelected(candidate)
            let conflict =
                isSelected ? propagateSelected(candidate) : propagateRequirement(of: problem.slot(of: candidate))
            if let conflict = conflict ?? propagateWatched(candidate, isSelected) { return conflict }
        }
        return nil
    }

    /// Propagates the exclusions and dependencies of a selected candidate.
    private mutating func propagateSelected(_ candidate: Candidate) -> Clause? {
        let slot = problem.slot(of: candidate)
        statistics.examine(slot)
        // The other candidates of the slot are false without being assigned: `selected` is always checked first.
        let selected = assignment.selected[slot.index]
        if selected != candidate { return .exclusion(selected, candidate) }
        for index in problem.atMostOneGroups.range(candidate) {
            let group = problem.atMostOneGroups.group(at: index)
            let holder = assignment.classHolder[group]
            if !holder.isNone, holder != candidate { return .exclusion(holder, candidate) }
            assignment.classHolder[group] = candidate
        }
        for index in problem.conflicts.range(candidate) {
            if let conflict = propagateConflict(index, of: candidate) { return conflict }
        }
        for index in problem.dependencies.range(candidate) {
            if let conflict = propagateDependency(index, of: candidate) { return conflict }
        }
        return nil
    }

    private mutating func propagateConflict(_ index: Int, of candidate: Candidate) -> Clause? {
        let (slot, set) = (problem.conflicts.slot(index), problem.conflicts.set(index))
        let selected = assignment.selected[slot.index]
        if !selected.isNone {
            return problem.sets.contains(selected, in: set) ? .exclusion(candidate, selected) : nil
        }
        for index in problem.order.range(slot) {
            let other = problem.order.candidate(at: index)
            if assignment.isUnassigned(other), problem.sets.contains(other, in: set) {
                assign(other, false, because: .exclusion(candidate, other))
            }
        }
        return nil
    }

    private mutating func propagateDependency(_ index: Int, of candidate: Candidate) -> Clause? {
        let slot = problem.dependencies.slot(index)
        let set = problem.dependencies.set(index)
        statistics.examine(slot)
        let selected = assignment.selected[slot.index]
        if !selected.isNone {
            if !problem.sets.contains(selected, in: set) { return .exclusion(candidate, selected) }
        } else if set != CandidateSets.everything {
            for index in problem.order.range(slot) {
                let other = problem.order.candidate(at: index)
                if assignment.isUnassigned(other), !problem.sets.contains(other, in: set) {
                    assign(other, false, because: .exclusion(candidate, other))
                }
            }
        }
        if assignment.requirements[slot.index] == nil {
            assignment.requirements[slot.index] = Requirement(candidate: candidate, index: Int32(index))
            trail.requiredSlots.append(slot)
        }
        return propagateRequirement(of: slot)
    }

    /// Selects the last open candidate of a required slot; without any the requirement is the conflict.
    private mutating func propagateRequirement(of slot: Slot) -> Clause? {
        guard assignment.openCandidates[slot.index] <= 1, assignment.selected[slot.index].isNone,
            let requirement = assignment.requirements[slot.index]
        else { return nil }
        let clause = Clause.dependency(requirement.candidate, index: requirement.index)
        for index in problem.order.range(slot) {
            let last = problem.order.candidate(at: index)
            guard assignment.isUnassigned(last) else { continue }
            if let blocking = blockingClause(for: last) {
                assign(last, false, because: blocking)
                return clause
            }
            assign(last, true, because: clause)
            return nil
        }
        return clause
    }

    /// A clause that becomes false if `candidate`, which is unassigned, is selected; nil if one-step lookahead finds
    /// none.
    mutating func blockingClause(for candidate: Candidate) -> Clause? {
        for index in problem.atMostOneGroups.range(candidate) {
            let holder = assignment.classHolder[problem.atMostOneGroups.group(at: index)]
            if !holder.isNone { return .exclusion(holder, candidate) }
        }
        for index in problem.conflicts.range(candidate) {
            let other = assignment.selected[problem.conflicts.slot(index).index]
            if !other.isNone, problem.sets.contains(other, in: problem.conflicts.set(index)) {
                return .exclusion(other, candidate)
            }
        }
        for index in problem.dependencies.range(candidate) {
            let selected = assignment.selected[problem.dependencies.slot(index).index]
            if !selected.isNone {
                if !problem.sets.contains(selected, in: problem.dependencies.set(index)) {
                    return .exclusion(selected, candidate)
                }
            } else if !hasOpenCandidate(index) {
                statistics.examine(problem.dependencies.slot(index))
                return .dependency(candidate, index: Int32(index))
            }
        }
        return nil
    }

    /// Whether a slot without a selected candidate has an open one for a dependency.
    private func hasOpenCandidate(_ dependency: Int) -> Bool {
        let slot = problem.dependencies.slot(dependency)
        let set = problem.dependencies.set(dependency)
        for index in problem.order.range(slot) {
            let candidate = problem.order.candidate(at: index)
            if assignment.isUnassigned(candidate), problem.sets.contains(candidate, in: set) { return true }
        }
        return false
    }
}
