/// The search for the first solution in the order of the walk.
///
/// **The solution.** Walk from the root: for each dependency of a candidate, in textual order, decide its slot unless
/// it is decided, then walk the dependencies of the selected candidate, depth first. Each decision selects the best
/// candidate with which, given the previous decisions, a full solution still exists.
///
/// **In terms of SAT.** The search is a CDCL solver over finite-domain variables:
///
/// | here | SAT |
/// |---|---|
/// | slot | variable with the candidates of `order` as its domain |
/// | candidate | value; the Boolean "this candidate is selected" |
/// | selecting or excluding a candidate | enqueueing a positive or a negative literal |
/// | `Clause.exclusion` | binary clause; all pairs of a slot, and of an at-most-one group, are implied |
/// | `Clause.dependency` | implication: a candidate, or one of a set of candidates of a slot |
/// | `LearnedClauses` | learned clauses under two watched literals |
/// | `Trail.decisionLevels` | decision levels |
/// | `Backbone` | backbone: literals of every solution of a prefix, at level zero or proven by a refutation |
/// | `ResidualProblem` | the problem simplified under the assignment of a solved prefix |
///
/// **The method.** Conflict-driven clause learning (Marques-Silva and Sakallah, GRASP, 1999; two watched literals and
/// the first unique implication point from Moskewicz et al., Chaff, 2001) with the walk itself as the decision order.
/// That finds this solution without any feasibility query: every decision before the current one is a decision of the
/// walk, so a candidate that is false at its turn is false *because of* those decisions, and no solution with it
/// exists. Slots that the walk does not reach stay empty.
///
/// **Backtracking.** A learned clause often depends only on much earlier decisions. Backjumping to them would only
/// repeat the decisions in between. If there are many, the search undoes only one decision (chronological backtracking:
/// Nadel and Ryvchin, 2018). So the trail is not sorted by level, and assignments that follow from the remaining
/// decisions are kept.
///
/// **Generalization.** A clause learned about a version is also learned for the other versions of the name to which the
/// same derivation applies: see `learnForSimilarVersions`.
///
/// **Lazy clause generation** (Ohrimenko, Stuckey and Codish, 2009). Only selected candidates propagate their
/// dependencies and conflicts; a candidate about to be selected is first checked against the assignment. The clauses
/// behind an assignment are represented by `Clause`, and only learned ones are stored. So the cost depends on the size
/// of the solution, not on that of the universe.
///
/// A search serves many requests, one after the other. Nothing learned is kept from one request to the next: a result
/// depends on its request alone, and `examined` is exactly what the result was derived from.
///
/// - SeeAlso: `docs/decisions/0020-walk-order-decisions.md`
/// - SeeAlso: `docs/decisions/0099-learning-similar-versions.md`
struct Search {
    var problem: CompiledProblem
    var assignment: Assignment
    var trail = Trail()
    var walk: Walk
    /// The clauses learned in this request.
    var learned = LearnedClauses()
    var analysis: ConflictAnalysis
    /// The derivations of the learned clauses; nil unless an explanation is wanted.
    var proof: Proof?
    var statistics: SearchStatistics

    /// A search without any decision.
    init(_ problem: CompiledProblem) {
        self.problem = problem
        assignment = Assignment(problem)
        walk = Walk(slots: problem.slotCount)
        analysis = ConflictAnalysis(candidates: problem.candidateCount)
        statistics = SearchStatistics(slots: problem.slotCount)
        learned.grow(to: problem.candidateCount)
    }

    /// Extends the arrays to the slots and candidates added to the problem since `checkpoint`.
    mutating func growToProblem(from checkpoint: CompiledProblem.Checkpoint) {
        assignment.grow(to: problem, from: checkpoint)
        walk.grow(to: problem.slotCount)
        analysis.grow(to: problem.candidateCount)
        statistics.grow(to: problem.slotCount)
        learned.grow(to: problem.candidateCount)
    }

    /// The packages that the walk selected, by slot: `Candidate.none` where it selected nothing.
    var selected: [Candidate] { assignment.selected }
}

/// The cost of one request, and the slots that its answer depends on.
struct SearchStatistics {
    /// Assignments, and parts of clauses that were resolved.
    var steps = 0
    private var isExamined: [Bool]
    private(set) var examined: [Slot] = []

    init(slots: Int) {
        isExamined = Array(repeating: false, count: slots)
    }

    mutating func grow(to slots: Int) {
        while isExamined.count < slots { isExamined.append(false) }
    }

    /// Records that the answer depends on the candidates of `slot`.
    mutating func examine(_ slot: Slot) {
        if !isExamined[slot.index] {
            isExamined[slot.index] = true
            examined.append(slot)
        }
    }

    mutating func reset() {
        for slot in examined { isExamined[slot.index] = false }
        examined.removeAll(keepingCapacity: true)
        steps = 0
    }
}
