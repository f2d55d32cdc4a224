/// The search for the first solution in the order of the walk.
///
/// **What is sought.** Walk from the root: for each need of a candidate, in textual order, decide its slot unless
/// it is decided, then walk the needs of what was taken, depth first. At each decision the best candidate is taken
/// with which, given all that was taken before, a full solution still exists.
///
/// **How.** Conflict-driven clause learning (Marques-Silva and Sakallah, GRASP, 1999; two watched literals and the
/// first unique implication point from Moskewicz et al., Chaff, 2001) with the walk itself as the order of
/// decisions. That gives the sought solution without asking a single question of feasibility: every decision before
/// the current one is a decision of the walk, so a candidate that is false at its turn is false *because of* what
/// was taken before, and no solution with it exists. When the walk ends, everything not met can be left out.
///
/// **Clauses are made when needed** (lazy clause generation: Ohrimenko, Stuckey and Codish, 2009). Only candidates
/// that are taken push their needs and conflicts into the state; a candidate about to be taken is first looked at
/// against the state. The clauses that stand behind an assignment are named by `Clause`, and only those that a
/// conflict teaches are stored. So the cost follows the size of the solution, not the size of the universe.
///
/// A search serves many requests, one after the other. Nothing learned is carried from one to the next: so a result
/// depends on its request alone, and `examined` is exactly what the result was made from.
struct Search {
    var rules: Rules

    // The assignment.
    var value: [Int8]
    var level: [Int32]
    var reason: [Clause?]
    var trail: [Candidate] = []
    var propagated = 0
    var levels: [Level] = []

    // What the assignment says of each slot and class.
    var alive: [Int32]
    var chosen: [Candidate]
    var requirement: [Requirement?]
    var requiredSlots: [Slot] = []
    var owner: [Candidate]

    // The walk.
    var steps: [WalkStep] = []
    var current: Int32 = -1
    var isWalked: [Bool]
    var walked: [Slot] = []

    // What was learned in this request.
    var clauses = LearnedClauses()
    var isSeen: [Bool]
    /// How what was learned came about; nil unless somebody is going to ask.
    var proof: Proof?

    // What was spent and read in this request.
    var effort = 0
    var isExamined: [Bool]
    var examined: [Slot] = []

    /// A search that has decided nothing.
    init(_ rules: Rules) {
        self.rules = rules
        value = Array(repeating: 0, count: rules.candidateCount)
        level = Array(repeating: 0, count: rules.candidateCount)
        reason = Array(repeating: nil, count: rules.candidateCount)
        isSeen = Array(repeating: false, count: rules.candidateCount)
        alive = (0..<rules.slotCount).map { Int32(rules.order.range(Slot($0)).count) }
        chosen = Array(repeating: -1, count: rules.slotCount)
        requirement = Array(repeating: nil, count: rules.slotCount)
        isWalked = Array(repeating: false, count: rules.slotCount)
        isExamined = Array(repeating: false, count: rules.slotCount)
        owner = Array(repeating: -1, count: rules.classCount)
        clauses.grow(to: rules.candidateCount)
    }

    /// Makes room for the slots and candidates added to the rules since `mark`.
    mutating func growToRules(from mark: Rows.Mark) {
        while value.count < rules.candidateCount {
            value.append(0)
            level.append(0)
            reason.append(nil)
            isSeen.append(false)
        }
        while chosen.count < rules.slotCount {
            alive.append(0)
            chosen.append(-1)
            requirement.append(nil)
            isWalked.append(false)
            isExamined.append(false)
        }
        for slot in mark.rows..<rules.slotCount { alive[slot] = Int32(rules.order.range(Slot(slot)).count) }
        clauses.grow(to: rules.candidateCount)
    }
}

/// A disjunction of which at least one part must hold. The parts are candidates, taken or left.
enum Clause: Hashable {
    /// Not both.
    case exclusion(Candidate, Candidate)
    /// Not the candidate, or one of those that its need with this index asks for.
    case need(Candidate, index: Int32)
    /// Not the candidate.
    case never(Candidate)
    /// What a conflict has taught.
    case learned(Int32)
}

/// Who first asked for a slot: a taken candidate, and the index of its need.
struct Requirement {
    let candidate: Candidate
    let index: Int32
}

/// The state before a decision.
struct Level {
    let trail: Int
    let required: Int
    let walked: Int
    let steps: Int
    let current: Int32
}

// MARK: - Assignment

extension Search {
    /// Takes or leaves `candidate`, which is undecided.
    mutating func assign(_ candidate: Candidate, _ taken: Bool, because clause: Clause?) {
        let index = Int(candidate)
        let slot = Int(rules.slotOf[index])
        value[index] = taken ? 1 : -1
        level[index] = Int32(levels.count)
        reason[index] = clause
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
        for index in rules.order.range(slot) {
            let other = rules.order.values[index]
            if other != candidate, let broken = exclude(other, by: candidate) { return broken }
        }
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

    private mutating func exclude(_ other: Candidate, by candidate: Candidate) -> Clause? {
        let state = value[Int(other)]
        if state == 0 { assign(other, false, because: .exclusion(candidate, other)) }
        return state > 0 ? .exclusion(candidate, other) : nil
    }

    private mutating func forbid(_ conflict: Int, by candidate: Candidate) -> Clause? {
        let set = rules.conflicts.set(conflict)
        for index in rules.order.range(rules.conflicts.slot(conflict)) {
            let other = rules.order.values[index]
            guard rules.sets.contains(other, in: set) else { continue }
            if other == candidate { return .never(candidate) }
            if let broken = exclude(other, by: candidate) { return broken }
        }
        return nil
    }

    private mutating func require(_ need: Int, by candidate: Candidate) -> Clause? {
        let slot = rules.needs.slot(need)
        let set = rules.needs.set(need)
        examine(slot)
        if set != CandidateSets.everything {
            for index in rules.order.range(slot) {
                let other = rules.order.values[index]
                if value[Int(other)] >= 0, !rules.sets.contains(other, in: set),
                    let broken = exclude(other, by: candidate)
                {
                    return broken
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
        for index in rules.order.range(slot) where value[Int(rules.order.values[index])] == 0 {
            assign(rules.order.values[index], true, because: clause)
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
        for index in rules.needs.range(candidate) where !canBeMet(index) {
            examine(rules.needs.slot(index))
            return .need(candidate, index: Int32(index))
        }
        return nil
    }

    private func canBeMet(_ need: Int) -> Bool {
        let slot = rules.needs.slot(need)
        let set = rules.needs.set(need)
        let taken = chosen[Int(slot)]
        if taken >= 0 { return rules.sets.contains(taken, in: set) }
        for index in rules.order.range(slot) {
            let candidate = rules.order.values[index]
            if value[Int(candidate)] >= 0, rules.sets.contains(candidate, in: set) { return true }
        }
        return false
    }

    mutating func examine(_ slot: Slot) {
        if !isExamined[Int(slot)] {
            isExamined[Int(slot)] = true
            examined.append(slot)
        }
    }
}

// MARK: - Levels

extension Search {
    /// Remembers the state before a decision.
    mutating func openLevel() {
        levels.append(
            Level(
                trail: trail.count, required: requiredSlots.count, walked: walked.count, steps: steps.count,
                current: current))
    }

    /// Goes back to the state in which only the first `count` decisions were made.
    mutating func close(downTo count: Int) {
        guard count < levels.count else { return }
        let state = levels[count]
        levels.removeLast(levels.count - count)
        restore(state)
    }

    /// Goes back to the state before any request.
    mutating func clear() {
        levels.removeAll(keepingCapacity: true)
        restore(Level(trail: 0, required: 0, walked: 0, steps: 0, current: -1))
        clauses.clear()
        for slot in examined { isExamined[Int(slot)] = false }
        examined.removeAll(keepingCapacity: true)
        effort = 0
    }

    private mutating func restore(_ state: Level) {
        while trail.count > state.trail { undoLast() }
        propagated = trail.count
        while requiredSlots.count > state.required { requirement[Int(requiredSlots.removeLast())] = nil }
        while walked.count > state.walked { isWalked[Int(walked.removeLast())] = false }
        steps.removeLast(steps.count - state.steps)
        current = state.current
    }

    private mutating func undoLast() {
        let candidate = trail.removeLast()
        let slot = Int(rules.slotOf[Int(candidate)])
        if value[Int(candidate)] < 0 {
            alive[slot] += 1
        } else {
            if chosen[slot] == candidate { chosen[slot] = -1 }
            for index in rules.classes.range(candidate) {
                let owned = Int(rules.classes.values[index])
                if owner[owned] == candidate { owner[owned] = -1 }
            }
        }
        value[Int(candidate)] = 0
    }
}
