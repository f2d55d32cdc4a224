/// Assignments, and what follows from them at once.
extension Search {
    /// Takes or leaves `candidate`, which is undecided.
    mutating func assign(_ candidate: Candidate, _ taken: Bool, because clause: Clause?) {
        level[Int(candidate)] = clause?.excluder(of: candidate).map { level[Int($0)] } ?? Int32(levels.count)
        reason[Int(candidate)] = clause
        put(candidate, taken)
    }

    /// Puts an assignment whose level and reason are known on the trail.
    mutating func put(_ candidate: Candidate, _ taken: Bool) {
        let index = Int(candidate)
        let slot = Int(rules.slotOf[index])
        value[index] = taken ? 1 : -1
        trail.append(candidate)
        effort += 1
        if !taken {
            alive[slot] -= 1
        } else if chosen[slot] < 0 {
            chosen[slot] = candidate
        }
    }

    /// Draws every conclusion that follows from the assignment at once.
    ///
    /// - Returns: a clause of which no part can hold any more, or nil.
    mutating func propagate() -> Clause? {
        while propagated < trail.count {
            let candidate = trail[propagated]
            propagated += 1
            let isTaken = value[Int(candidate)] > 0
            let broken = isTaken ? take(candidate) : lookAt(rules.slotOf[Int(candidate)])
            if let broken = broken ?? visitWatches(of: candidate, taken: isTaken) { return broken }
        }
        return nil
    }

    /// Pushes what a taken candidate excludes and needs into the state.
    private mutating func take(_ candidate: Candidate) -> Clause? {
        let slot = rules.slotOf[Int(candidate)]
        examine(slot)
        note(candidate)
        // The other candidates of the slot are out without being marked: whoever asks for one asks what is chosen first.
        let chosen = chosen[Int(slot)]
        if chosen != candidate { return .exclusion(chosen, candidate) }
        for index in rules.classes.range(candidate) {
            let other = owner[Int(rules.classes.values[index])]
            if other >= 0, other != candidate { return .exclusion(other, candidate) }
            owner[Int(rules.classes.values[index])] = candidate
        }
        for index in rules.conflicts.range(candidate) {
            if let broken = forbid(index, by: candidate) { return broken }
        }
        for index in rules.needs.range(candidate) {
            if let broken = require(index, by: candidate) { return broken }
        }
        return nil
    }

    private mutating func forbid(_ conflict: Int, by candidate: Candidate) -> Clause? {
        let (slot, set) = (rules.conflicts.slot(conflict), rules.conflicts.set(conflict))
        let taken = chosen[Int(slot)]
        if taken >= 0 {
            guard rules.sets.contains(taken, in: set) else { return nil }
            return taken == candidate ? .never(candidate) : .exclusion(candidate, taken)
        }
        for index in rules.order.range(slot) {
            let other = rules.order.values[index]
            if value[Int(other)] == 0, rules.sets.contains(other, in: set) {
                assign(other, false, because: .exclusion(candidate, other))
            }
        }
        return nil
    }

    private mutating func require(_ need: Int, by candidate: Candidate) -> Clause? {
        let slot = rules.needs.slot(need)
        let set = rules.needs.set(need)
        examine(slot)
        let taken = chosen[Int(slot)]
        if taken >= 0 {
            if !rules.sets.contains(taken, in: set) { return .exclusion(candidate, taken) }
        } else if set != CandidateSets.everything {
            for index in rules.order.range(slot) {
                let other = rules.order.values[index]
                if value[Int(other)] == 0, !rules.sets.contains(other, in: set) {
                    assign(other, false, because: .exclusion(candidate, other))
                }
            }
        }
        if requirement[Int(slot)] == nil {
            requirement[Int(slot)] = Requirement(candidate: candidate, index: Int32(need))
            requiredSlots.append(slot)
        }
        return lookAt(slot)
    }

    /// Takes the last candidate of a required slot; without any the requirement is broken.
    private mutating func lookAt(_ slot: Slot) -> Clause? {
        guard alive[Int(slot)] <= 1, chosen[Int(slot)] < 0, let requirement = requirement[Int(slot)] else { return nil }
        let clause = Clause.need(requirement.candidate, index: requirement.index)
        noteAll(of: Int(requirement.index))
        for index in rules.order.range(slot) where value[Int(rules.order.values[index])] == 0 {
            let last = rules.order.values[index]
            if let refutation = refutation(of: last) {
                assign(last, false, because: refutation)
                return clause
            }
            assign(last, true, because: clause)
            return nil
        }
        return clause
    }

    /// The clause that keeps `candidate`, undecided, from being taken, if one is seen at once.
    mutating func refutation(of candidate: Candidate) -> Clause? {
        for index in rules.classes.range(candidate) {
            let other = owner[Int(rules.classes.values[index])]
            if other >= 0 { return .exclusion(other, candidate) }
        }
        let slot = rules.slotOf[Int(candidate)]
        for index in rules.conflicts.range(candidate) {
            let (target, set) = (rules.conflicts.slot(index), rules.conflicts.set(index))
            if target == slot, rules.sets.contains(candidate, in: set) { return .never(candidate) }
            let other = chosen[Int(target)]
            if other >= 0, rules.sets.contains(other, in: set) { return .exclusion(other, candidate) }
        }
        for index in rules.needs.range(candidate) {
            let taken = chosen[Int(rules.needs.slot(index))]
            if taken >= 0 {
                if !rules.sets.contains(taken, in: rules.needs.set(index)) { return .exclusion(taken, candidate) }
            } else if !canBeMet(index) {
                examine(rules.needs.slot(index))
                noteAll(of: index)
                return .need(candidate, index: Int32(index))
            }
        }
        return nil
    }

    /// Whether a slot that is not decided has a candidate for a need.
    private func canBeMet(_ need: Int) -> Bool {
        let slot = rules.needs.slot(need)
        let set = rules.needs.set(need)
        for index in rules.order.range(slot) {
            let candidate = rules.order.values[index]
            if value[Int(candidate)] == 0, rules.sets.contains(candidate, in: set) { return true }
        }
        return false
    }

    /// Notes that the answer depends on `candidate` and on those before it.
    mutating func note(_ candidate: Candidate) {
        guard let rank = ranks.rank(of: candidate) else { return }
        let slot = Int(rules.slotOf[Int(candidate)])
        reach[slot] = max(reach[slot], rank + 1)
    }

    /// Notes that the answer depends on all candidates that a need asks for.
    mutating func noteAll(of need: Int) {
        let slot = rules.needs.slot(need)
        reach[Int(slot)] = max(reach[Int(slot)], ranks.reach(of: rules.needs.set(need), in: slot, rules.sets))
    }

    mutating func examine(_ slot: Slot) {
        if !isExamined[Int(slot)] {
            isExamined[Int(slot)] = true
            examined.append(slot)
        }
    }
}
