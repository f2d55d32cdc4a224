/// The constraints of one target in the form that the search reads: slots, their candidates, and for each candidate its
/// dependencies, conflicts and at-most-one groups, as flat integer arrays.
///
/// A choice `a | b` is a slot like a name, and its alternatives are candidates like versions. So the search does not
/// handle formulas.
package struct CompiledProblem: Sendable {
    /// The candidates of each slot, best first.
    package var order = CandidateRows()
    /// The slot of each candidate.
    package var slotOf: [Slot] = []
    /// The dependencies of each candidate, in textual order: some candidate of the slot from the set.
    package var dependencies = ConstraintRows()
    /// The conflicts of each candidate with those of other slots: every candidate of the slot in the set.
    package var conflicts = ConstraintRows()
    /// The at-most-one groups of each candidate.
    package var atMostOneGroups = GroupRows()
    /// The number of at-most-one groups.
    package var groupCount = 0
    /// The sets of candidates that dependencies and conflicts refer to.
    package var sets = CandidateSets()

    package init() {}

    /// The number of slots: names of packages and choices.
    package var slotCount: Int { order.count }
    /// The number of candidates over all slots.
    package var candidateCount: Int { slotOf.count }

    @inline(__always)
    func slot(of candidate: Candidate) -> Slot { slotOf[candidate.index] }

    /// Adds a slot that has no candidates yet.
    package mutating func addSlot() -> Slot {
        order.addRow()
        return Slot(order.count - 1)
    }

    /// Adds a candidate without dependencies, conflicts or groups. It is not in the order of its slot yet.
    package mutating func addCandidate(to slot: Slot) -> Candidate {
        slotOf.append(slot)
        dependencies.addRow()
        conflicts.addRow()
        atMostOneGroups.addRow()
        return Candidate(slotOf.count - 1)
    }

    /// Whether two candidates exclude each other, whatever else is selected.
    func areExclusive(_ one: Candidate, _ other: Candidate) -> Bool {
        if slot(of: one) == slot(of: other) { return one != other }
        if excludes(one, other) || excludes(other, one) { return true }
        let groups = atMostOneGroups[other]
        return !groups.isEmpty && atMostOneGroups[one].contains { groups.contains($0) }
    }

    private func excludes(_ one: Candidate, _ other: Candidate) -> Bool {
        let slot = slot(of: other)
        for index in dependencies.range(one)
        where dependencies.slot(index) == slot && !sets.contains(other, in: dependencies.set(index)) { return true }
        for index in conflicts.range(one)
        where conflicts.slot(index) == slot && sets.contains(other, in: conflicts.set(index)) { return true }
        return false
    }

    /// A state of the problem to return to.
    package struct Checkpoint: Sendable {
        let order, dependencies, conflicts, atMostOneGroups, sets: CompressedRows.Checkpoint
        let candidates: Int
    }

    /// The state of all tables, to return to when a residual problem has been solved.
    package var checkpoint: Checkpoint {
        Checkpoint(
            order: order.rows.checkpoint, dependencies: dependencies.slots.checkpoint,
            conflicts: conflicts.slots.checkpoint, atMostOneGroups: atMostOneGroups.rows.checkpoint,
            sets: sets.checkpoint, candidates: candidateCount)
    }

    /// Removes the slots, candidates, constraints and sets added since `checkpoint`. Older rows must have been restored
    /// before.
    package mutating func rollback(to checkpoint: Checkpoint) {
        order.rollback(to: checkpoint.order)
        dependencies.rollback(to: checkpoint.dependencies)
        conflicts.rollback(to: checkpoint.conflicts)
        atMostOneGroups.rollback(to: checkpoint.atMostOneGroups)
        sets.rollback(to: checkpoint.sets)
        slotOf.removeLast(slotOf.count - checkpoint.candidates)
    }
}
