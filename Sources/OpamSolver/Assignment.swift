/// The partial assignment of the search, by candidate, slot and at-most-one group.
struct Assignment {
    /// By candidate: 1 when selected, -1 when excluded, 0 when unassigned.
    var values: [Int8]
    /// By candidate: the decision level that its value follows from.
    var levels: [Int32]
    /// By candidate: the clause that implied its value; nil for a decision.
    var reasons: [Clause?]
    /// By slot: how many candidates are not excluded.
    var openCandidates: [Int32]
    /// By slot: the candidate selected first, or `Candidate.none`.
    var selected: [Candidate]
    /// By slot: the dependency that first required it.
    var requirements: [Requirement?]
    /// By at-most-one group: the selected candidate, or `Candidate.none`.
    var classHolder: [Candidate]

    init(_ problem: CompiledProblem) {
        values = Array(repeating: 0, count: problem.candidateCount)
        levels = Array(repeating: 0, count: problem.candidateCount)
        reasons = Array(repeating: nil, count: problem.candidateCount)
        openCandidates = Slot.first(problem.slotCount).map { Int32(problem.order.range($0).count) }
        selected = Array(repeating: .none, count: problem.slotCount)
        requirements = Array(repeating: nil, count: problem.slotCount)
        classHolder = Array(repeating: .none, count: problem.groupCount)
    }

    mutating func grow(to problem: CompiledProblem, from checkpoint: CompiledProblem.Checkpoint) {
        while values.count < problem.candidateCount {
            values.append(0)
            levels.append(0)
            reasons.append(nil)
        }
        while selected.count < problem.slotCount {
            openCandidates.append(0)
            selected.append(.none)
            requirements.append(nil)
        }
        for slot in Slot(checkpoint.order.rows)..<Slot(problem.slotCount) {
            openCandidates[slot.index] = Int32(problem.order.range(slot).count)
        }
    }

    @inline(__always)
    func isUnassigned(_ candidate: Candidate) -> Bool { values[candidate.index] == 0 }

    @inline(__always)
    func isSelected(_ candidate: Candidate) -> Bool { values[candidate.index] > 0 }

    @inline(__always)
    func isExcluded(_ candidate: Candidate) -> Bool { values[candidate.index] < 0 }

    /// The literal of `candidate` that is false under the assignment.
    func falseLiteral(of candidate: Candidate) -> Literal { Literal(candidate, isPositive: isExcluded(candidate)) }
}

/// The dependency that first required a slot: a selected candidate, and the position of its dependency.
struct Requirement {
    let candidate: Candidate
    let index: Int32
}
