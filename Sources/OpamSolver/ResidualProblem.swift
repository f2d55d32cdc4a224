/// The problem that remains once the prefix of a request is solved: the compiled problem, simplified under the
/// assignment of the prefix.
///
/// Thousands of requests begin with the same roots, and their walks with the same decisions. If these lead to a
/// solution that includes the goal, it is the first in the order of the walk: a candidate that cannot be selected for
/// the prefix alone cannot be selected with additional constraints. So the prefix is solved once, and its selection is
/// propagated into the problem: candidates that conflict with it are removed, and so are the dependencies that it
/// satisfies, conflicts with names that it has decided, and these names themselves.
///
/// When the residual problem has no solution, the whole may have one with other decisions in the prefix. That is
/// possible only if a candidate of an examined name was eliminated by a *decision*, rather than by the *backbone* of
/// the prefix: the versions that every solution of the prefix contains.
///
/// - SeeAlso: `docs/decisions/0027-residual-problem.md`
struct ResidualProblem: Sendable {
    private(set) var problem = CompiledProblem()
    /// The packages that the prefix selects, in the order of a selection.
    let selection: [Universe.PackageID]
    /// The names that the prefix was derived from, increasing.
    let examined: [Universe.NameID]
    private let nameCount: Int
    private let backbone: Backbone
    /// By slot: what the prefix selects, or `Candidate.none`.
    private let selected: [Candidate]
    /// By slot: the weakest of the reasons why candidates were eliminated.
    private var eliminations: [Elimination]

    /// Simplifies the problem of a search that has solved the prefix.
    ///
    /// - Complexity: O(size of the problem).
    init(
        after search: Search, selection: [Universe.PackageID], examined: [Universe.NameID], nameCount: Int,
        _ backbone: Backbone
    ) {
        self.selection = selection
        self.examined = examined
        self.nameCount = nameCount
        self.backbone = backbone
        selected = search.selected
        eliminations = Array(repeating: .none, count: search.problem.slotCount)
        problem.groupCount = search.problem.groupCount
        problem.sets = search.problem.sets
        for _ in 0..<search.problem.slotCount { _ = problem.addSlot() }
        for slot in search.problem.slotOf { _ = problem.addCandidate(to: slot) }
        // Alternatives come before the versions that depend on them: inner choices have lower numbers than outer.
        var rows = ReducedRows(search.problem)
        for slot in Slot(nameCount)..<Slot(problem.slotCount) { reduce(slot, search, &rows) }
        for slot in Slot.first(nameCount) { reduce(slot, search, &rows) }
    }

    private mutating func reduce(_ slot: Slot, _ search: Search, _ rows: inout ReducedRows) {
        guard selected[slot.index].isNone else { return }
        var open: [Candidate] = []
        for candidate in search.problem.order[slot] {
            let elimination = elimination(of: candidate, search, &rows)
            if elimination == .none { open.append(candidate) } else { record(elimination, at: slot) }
        }
        problem.order.replace(slot, with: open)
    }

    private mutating func record(_ elimination: Elimination, at slot: Slot) {
        eliminations[slot.index] = max(eliminations[slot.index], elimination)
    }

    // MARK: Candidates

    /// Why a candidate is eliminated, the strongest reason first.
    private enum Elimination: UInt8, Comparable, Sendable {
        /// It is not eliminated.
        case none
        /// It conflicts with the roots by propagation alone.
        case levelZero
        /// It conflicts with a version of the backbone.
        case backbone
        /// It conflicts with a decision.
        case decision

        static func < (left: Elimination, right: Elimination) -> Bool { left.rawValue < right.rawValue }
    }

    /// Rows of dependencies that several candidates share are reduced once.
    private struct ReducedRows {
        /// The reduced rows, by the start of the original row.
        var known: [(elimination: Elimination, candidate: Candidate)?]

        init(_ problem: CompiledProblem) {
            known = Array(repeating: nil, count: problem.dependencies.slots.valueCount + 1)
        }
    }

    /// Decides whether a candidate is eliminated, and sets its rows if it is not.
    private mutating func elimination(
        of candidate: Candidate, _ search: Search, _ rows: inout ReducedRows
    ) -> Elimination {
        if search.assignment.isExcluded(candidate) { return elimination(ofExcluded: candidate, search) }
        let groups = reduceGroups(of: candidate, search)
        guard groups == .none else { return groups }
        let conflicts = reduceConflicts(of: candidate, search)
        guard conflicts == .none else { return conflicts }
        let range = search.problem.dependencies.range(candidate)
        if range.isEmpty { return .none }
        if let known = rows.known[range.lowerBound] {
            problem.dependencies.restore(candidate, to: problem.dependencies.range(known.candidate))
            if known.elimination == .none { inheritEliminations(of: candidate) }
            return known.elimination
        }
        let elimination = reduceDependencies(of: candidate, range, search.problem)
        rows.known[range.lowerBound] = (elimination, candidate)
        return elimination
    }

    private func elimination(ofExcluded candidate: Candidate, _ search: Search) -> Elimination {
        if search.assignment.levels[candidate.index] == 0 { return .levelZero }
        guard let excluder = search.assignment.reasons[candidate.index]?.excluder(of: candidate) else {
            return .decision
        }
        return clash(with: problem.slot(of: excluder))
    }

    private func clash(with slot: Slot) -> Elimination {
        backbone.isLevelZero(slot) ? .levelZero : backbone.contains(slot) ? .backbone : .decision
    }

    private mutating func reduceGroups(of candidate: Candidate, _ search: Search) -> Elimination {
        let groups = search.problem.atMostOneGroups[candidate]
        if groups.isEmpty { return .none }
        for group in groups {
            let holder = search.assignment.classHolder[Int(group)]
            if !holder.isNone { return clash(with: problem.slot(of: holder)) }
        }
        problem.atMostOneGroups.replace(candidate, with: groups)
        return .none
    }

    private mutating func reduceConflicts(of candidate: Candidate, _ search: Search) -> Elimination {
        let range = search.problem.conflicts.range(candidate)
        if range.isEmpty { return .none }
        var open: [SlotConstraint] = []
        for conflict in range {
            let (slot, set) = (search.problem.conflicts.slot(conflict), search.problem.conflicts.set(conflict))
            let other = selected[slot.index]
            if other.isNone {
                open.append((slot, set))
            } else if problem.sets.contains(other, in: set) {
                return clash(with: slot)
            }
        }
        problem.conflicts.replace(candidate, with: open)
        return .none
    }

    private mutating func reduceDependencies(
        of candidate: Candidate, _ range: Range<Int>, _ before: CompiledProblem
    ) -> Elimination {
        var open: [SlotConstraint] = []
        for dependency in range {
            let constraint = (before.dependencies.slot(dependency), before.dependencies.set(dependency))
            switch isSatisfied(constraint, problem.sets) {
            case nil: open.append(constraint)
            case true?: continue
            case false?: return clash(with: constraint.0)
            }
        }
        problem.dependencies.replace(candidate, with: open)
        inheritEliminations(of: candidate)
        return .none
    }

    /// Whether the prefix satisfies a constraint; nil when it does not decide that.
    private func isSatisfied(_ constraint: SlotConstraint, _ sets: CandidateSets) -> Bool? {
        guard constraint.slot.index < selected.count, !selected[constraint.slot.index].isNone else { return nil }
        return sets.contains(selected[constraint.slot.index], in: constraint.set)
    }

    /// Eliminations in a choice also count for the version that depends on the choice.
    private mutating func inheritEliminations(of candidate: Candidate) {
        for dependency in problem.dependencies.range(candidate) {
            let slot = problem.dependencies.slot(dependency)
            if slot.index >= nameCount { record(eliminations[slot.index], at: problem.slot(of: candidate)) }
        }
    }
}

extension ResidualProblem {
    /// Whether the prefix was derived from the versions of a name.
    ///
    /// - Complexity: O(log names examined).
    func isExamined(_ name: Universe.NameID) -> Bool {
        var (low, high) = (0, examined.count)
        while low < high {
            let middle = (low + high) / 2
            if examined[middle] < name { low = middle + 1 } else { high = middle }
        }
        return low < examined.count && examined[low] == name
    }

    /// The versions of the backbone that took a search to prove.
    var proven: [Candidate] {
        Slot.first(nameCount).filter { backbone.isProven($0) }.map { selected[$0.index] }
    }

    /// The names that `proven` follows from, increasing.
    var examinedByProofs: [Universe.NameID] { .merged(examined, backbone.examined, by: <) }

    /// Whether a candidate of a slot was eliminated by a decision.
    func isNarrowed(at slot: Slot) -> Bool {
        slot.index < eliminations.count && eliminations[slot.index] == .decision
    }

    /// The names that an answer was derived from that examined `names` after the prefix.
    func examined(with names: [Universe.NameID], isSolved: Bool) -> [Universe.NameID] {
        let all = [Universe.NameID].merged(examined, names, by: <)
        // Only unsatisfiability depends on the backbone.
        let isProofUsed = !isSolved && names.contains { eliminations[$0.index] == .backbone }
        return isProofUsed ? .merged(all, backbone.examined, by: <) : all
    }

    /// The constraints of a request that remain under the prefix; nil if the prefix violates one of them.
    func reduced(_ constraints: [SlotConstraint], _ sets: CandidateSets) -> [SlotConstraint]? {
        var open: [SlotConstraint] = []
        for constraint in constraints {
            switch isSatisfied(constraint, sets) {
            case nil: open.append(constraint)
            case true?: continue
            case false?: return nil
            }
        }
        return open
    }
}
