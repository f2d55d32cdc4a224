/// What is left to decide once the beginning of a request is decided.
///
/// Thousands of requests begin with the same roots, and their walks with the same decisions. If these lead to a
/// solution with the last root as well, it is the first in the order of the walk: a candidate that the beginning could
/// not take alone, it cannot take with more to satisfy either. So the beginning is walked once, and what it takes is
/// put into the rules: candidates that clash with it are gone, and so are needs that it meets, conflicts with names
/// that it has decided, and these names themselves. What is left is a smaller problem of the same form.
///
/// When the smaller problem has no solution, the whole may have one in which the beginning is decided otherwise. That
/// is so only if a candidate of a name that was looked at is gone because of a *decision*, not because of what is *fixed*:
/// such names are *narrowed*. A version is fixed when the beginning has no solution without it.
struct Remainder: Sendable {
    private(set) var rules = Rules()
    /// The packages that the beginning takes, in the order of a selection.
    let selection: [Universe.PackageID]
    /// The names that the beginning was decided from, increasing.
    let examined: [Universe.NameID]
    let ranks: CandidateRanks
    private let fixed: FixedVersions
    /// What the beginning takes, by slot: -1 where it takes nothing.
    private let taken: [Candidate]
    /// Why candidates of each slot are gone: the weakest of the reasons.
    private var losses: [Fate]

    /// Reduces the rules of a search that has walked the beginning to its end.
    ///
    /// - Complexity: O(size of the rules).
    init(
        after search: Search, selection: [Universe.PackageID], examined: [Universe.NameID], _ ranks: CandidateRanks,
        _ fixed: FixedVersions
    ) {
        self.selection = selection
        self.examined = examined
        self.ranks = ranks
        self.fixed = fixed
        taken = search.chosen
        losses = Array(repeating: .open, count: search.rules.slotCount)
        rules.classCount = search.rules.classCount
        rules.sets = search.rules.sets
        for _ in 0..<search.rules.slotCount { _ = rules.addSlot() }
        for slot in search.rules.slotOf { _ = rules.addCandidate(to: slot) }
        // Alternatives come before the versions that have them as needs: inner choices have lower numbers than outer.
        var needs = ReducedNeeds(search.rules)
        for slot in Slot(ranks.nameCount)..<Slot(rules.slotCount) { reduce(slot, search, &needs) }
        for slot in 0..<Slot(ranks.nameCount) { reduce(slot, search, &needs) }
    }

    private mutating func reduce(_ slot: Slot, _ search: Search, _ needs: inout ReducedNeeds) {
        guard taken[Int(slot)] < 0 else { return }
        var left: [Candidate] = []
        for candidate in search.rules.order[slot] {
            let fate = fate(of: candidate, search, &needs)
            if fate == .open { left.append(candidate) } else { lose(fate, at: slot) }
        }
        rules.order.replace(slot, with: left)
    }

    private mutating func lose(_ fate: Fate, at slot: Slot) {
        losses[Int(slot)] = max(losses[Int(slot)], fate)
    }

    // MARK: Candidates

    /// What becomes of a candidate, the surest first.
    private enum Fate: UInt8, Comparable, Sendable {
        case open
        /// It clashes with what follows from the roots at once.
        case impossible
        /// It clashes with a fixed version.
        case clashing
        case decidedAgainst

        static func < (left: Fate, right: Fate) -> Bool { left.rawValue < right.rawValue }
    }

    /// Rows that several candidates share are reduced once.
    private struct ReducedNeeds {
        /// By where the row starts.
        var known: [(fate: Fate, candidate: Candidate)?]

        init(_ rules: Rules) {
            known = Array(repeating: nil, count: rules.needs.slots.valueCount + 1)
        }
    }

    /// Decides what becomes of a candidate, and sets its rows if it is open.
    private mutating func fate(of candidate: Candidate, _ search: Search, _ needs: inout ReducedNeeds) -> Fate {
        if search.value[Int(candidate)] < 0 { return fate(ofExcluded: candidate, search) }
        let classes = reduceClasses(of: candidate, search)
        guard classes == .open else { return classes }
        let conflicts = reduceConflicts(of: candidate, search)
        guard conflicts == .open else { return conflicts }
        let range = search.rules.needs.range(candidate)
        if range.isEmpty { return .open }
        if let known = needs.known[range.lowerBound] {
            rules.needs.point(candidate, at: rules.needs.range(known.candidate))
            if known.fate == .open { inheritLosses(of: candidate) }
            return known.fate
        }
        let fate = reduceNeeds(of: candidate, range, search.rules)
        needs.known[range.lowerBound] = (fate, candidate)
        return fate
    }

    private func fate(ofExcluded candidate: Candidate, _ search: Search) -> Fate {
        if search.level[Int(candidate)] == 0 { return .impossible }
        guard let excluder = search.reason[Int(candidate)]?.excluder(of: candidate) else { return .decidedAgainst }
        return clash(with: rules.slotOf[Int(excluder)])
    }

    private func clash(with slot: Slot) -> Fate {
        fixed.isImplied(slot) ? .impossible : fixed.isFixed(slot) ? .clashing : .decidedAgainst
    }

    private mutating func reduceClasses(of candidate: Candidate, _ search: Search) -> Fate {
        let classes = search.rules.classes[candidate]
        if classes.isEmpty { return .open }
        for number in classes where search.owner[Int(number)] >= 0 {
            return clash(with: rules.slotOf[Int(search.owner[Int(number)])])
        }
        rules.classes.replace(candidate, with: classes)
        return .open
    }

    private mutating func reduceConflicts(of candidate: Candidate, _ search: Search) -> Fate {
        let range = search.rules.conflicts.range(candidate)
        if range.isEmpty { return .open }
        var left: [RuleCompiler.Link] = []
        for conflict in range {
            let (slot, set) = (search.rules.conflicts.slot(conflict), search.rules.conflicts.set(conflict))
            let other = taken[Int(slot)]
            if other < 0 {
                left.append((slot, set))
            } else if rules.sets.contains(other, in: set) {
                return clash(with: slot)
            }
        }
        rules.conflicts.replace(candidate, with: left)
        return .open
    }

    private mutating func reduceNeeds(of candidate: Candidate, _ range: Range<Int>, _ before: Rules) -> Fate {
        var left: [RuleCompiler.Link] = []
        for need in range {
            let (slot, set) = (before.needs.slot(need), before.needs.set(need))
            switch met(slot, set, rules.sets) {
            case nil: left.append((slot, set))
            case true?: continue
            case false?: return clash(with: slot)
            }
        }
        rules.needs.replace(candidate, with: left)
        inheritLosses(of: candidate)
        return .open
    }

    /// Whether the beginning meets a need; nil when it does not decide that.
    private func met(_ slot: Slot, _ set: Int32, _ sets: CandidateSets) -> Bool? {
        guard Int(slot) < taken.count, taken[Int(slot)] >= 0 else { return nil }
        return sets.contains(taken[Int(slot)], in: set)
    }

    /// What is lost in a choice is lost to its owner.
    private mutating func inheritLosses(of candidate: Candidate) {
        for need in rules.needs.range(candidate) where rules.needs.slot(need) >= ranks.nameCount {
            lose(losses[Int(rules.needs.slot(need))], at: rules.slotOf[Int(candidate)])
        }
    }

    /// Whether the beginning was decided from what is said about a name.
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

    /// The versions without which the beginning has no solution, where that took a search to find out.
    var proven: [Candidate] {
        (0..<Slot(ranks.nameCount)).filter { fixed.isProven($0) }.map { taken[Int($0)] }
    }

    /// The names that `proven` follows from, increasing.
    var examinedByProofs: [Universe.NameID] { .merged(examined, fixed.examined, by: <) }

    /// Whether a candidate of a slot is gone because of a decision.
    func isNarrowed(at slot: Slot) -> Bool { Int(slot) < losses.count && losses[Int(slot)] == .decidedAgainst }

    /// The names that an answer was made from which looked at `names` after the beginning.
    func examined(with names: [Universe.NameID], isSolved: Bool) -> [Universe.NameID] {
        let all = [Int32].merged(examined, names, by: <)
        // Only what has no solution rests on versions being fixed.
        let isProofUsed = !isSolved && names.contains { losses[Int($0)] == .clashing }
        return isProofUsed ? .merged(all, fixed.examined, by: <) : all
    }

    // MARK: Needs of a request

    /// What is left of needs that a request adds; nil when the beginning rules one of them out.
    func reduced(_ links: [RuleCompiler.Link], _ sets: CandidateSets) -> [RuleCompiler.Link]? {
        var left: [RuleCompiler.Link] = []
        for link in links {
            switch met(link.slot, link.set, sets) {
            case nil: left.append(link)
            case true?: continue
            case false?: return nil
            }
        }
        return left
    }
}
