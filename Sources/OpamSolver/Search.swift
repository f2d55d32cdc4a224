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
/// **Going back.** What a conflict teaches often follows from much earlier decisions. Going back to them, as usual,
/// would only make the decisions in between once more. Where they are many, the search goes back by one decision
/// (chronological backtracking: Nadel and Ryvchin, 2018). So the trail is not sorted by level, and what follows from
/// fewer decisions than those gone back to stays.
///
/// **Learning for several versions at once.** What a conflict teaches about a version is taken over for those of its
/// neighbours that it holds for by the same steps: see `concludeAlike`.
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
    /// Used while going back.
    private var kept: [Literal] = []

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
    var analysis = ConflictAnalysis()
    var isSeen: [Bool]
    /// How what was learned came about; nil unless somebody is going to ask.
    var proof: Proof?

    // What was spent and read in this request.
    var effort = 0
    var isExamined: [Bool]
    var examined: [Slot] = []
    /// How far down the candidates of each slot the answer depends on; kept where `ranks` are given.
    var reach: [Int32]
    var ranks = CandidateRanks()

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
        reach = Array(repeating: 0, count: rules.slotCount)
        owner = Array(repeating: -1, count: rules.classCount)
        clauses.grow(to: rules.candidateCount)
    }

    /// Makes room for the slots and candidates added to the rules since `mark`.
    mutating func growToRules(from mark: Rules.Mark) {
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
            reach.append(0)
        }
        for slot in mark.order.rows..<rules.slotCount { alive[slot] = Int32(rules.order.range(Slot(slot)).count) }
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

    /// The other of two candidates that exclude each other; nil for any other clause.
    @inline(__always)
    func excluder(of candidate: Candidate) -> Candidate? {
        guard case .exclusion(let one, let other) = self else { return nil }
        return one == candidate ? other : one
    }
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
        restore(state, keeping: Int32(count))
    }

    /// Goes back to the state before any request.
    mutating func clear() {
        levels.removeAll(keepingCapacity: true)
        restore(Level(trail: 0, required: 0, walked: 0, steps: 0, current: -1), keeping: -1)
        clauses.clear()
        for slot in examined {
            isExamined[Int(slot)] = false
            reach[Int(slot)] = 0
        }
        examined.removeAll(keepingCapacity: true)
        effort = 0
    }

    /// - Parameter depth: What was assigned later, but follows from this many decisions, stays assigned.
    private mutating func restore(_ state: Level, keeping depth: Int32) {
        while trail.count > state.trail {
            let candidate = trail[trail.count - 1]
            if level[Int(candidate)] <= depth { kept.append(Literal(candidate, taken: value[Int(candidate)] > 0)) }
            undoLast()
        }
        propagated = trail.count
        while requiredSlots.count > state.required { requirement[Int(requiredSlots.removeLast())] = nil }
        while walked.count > state.walked { isWalked[Int(walked.removeLast())] = false }
        steps.removeLast(steps.count - state.steps)
        current = state.current
        while let literal = kept.popLast() { put(literal.candidate, literal.isTaken) }
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
