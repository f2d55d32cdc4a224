extension Remainder {
    /// By name, the rank of the best version at which two remainders of one universe are not the same: one has it and
    /// the other does not, or it needs or forbids something else. ``CandidateRanks/everything`` where there is none.
    ///
    /// - Complexity: O(size of the rules).
    func firstDifferences(from other: Remainder) -> [Int32] {
        var comparison = RuleComparison(rules, other.rules, ranks)
        return (0..<Slot(ranks.nameCount)).map { comparison.firstDifference(of: $0) }
    }
}

/// Compares rules that have the same names and versions, but not the same choices and sets.
private struct RuleComparison {
    private let left: Rules
    private let right: Rules
    private let ranks: CandidateRanks
    /// Rows of needs that were compared, by the start of the left one: the start of the right one, and what came of it.
    private var known: [(right: Int, isEqual: Bool)?]

    init(_ left: Rules, _ right: Rules, _ ranks: CandidateRanks) {
        self.left = left
        self.right = right
        self.ranks = ranks
        known = Array(repeating: nil, count: left.needs.slots.valueCount + 1)
    }

    /// The best rank at which a version of a name is not in both rules, or not the same.
    mutating func firstDifference(of name: Slot) -> Int32 {
        let (range, otherRange) = (left.order.range(name), right.order.range(name))
        for offset in 0..<max(range.count, otherRange.count) {
            let candidate = offset < range.count ? left.order.values[range.lowerBound + offset] : nil
            let other = offset < otherRange.count ? right.order.values[otherRange.lowerBound + offset] : nil
            // Of two different versions the better one is missing on the other side.
            if let candidate, candidate == other, areEqual(candidate) { continue }
            return min(rank(candidate), rank(other))
        }
        return CandidateRanks.everything
    }

    private func rank(_ candidate: Candidate?) -> Int32 {
        candidate.flatMap { ranks.rank(of: $0) } ?? CandidateRanks.everything
    }

    private mutating func areEqual(_ candidate: Candidate) -> Bool {
        left.classes[candidate] == right.classes[candidate]
            && haveEqualConflicts(candidate)
            && haveEqualNeeds(candidate, candidate)
    }

    private mutating func haveEqualNeeds(_ candidate: Candidate, _ other: Candidate) -> Bool {
        let (range, otherRange) = (left.needs.range(candidate), right.needs.range(other))
        guard range.count == otherRange.count else { return false }
        if range.isEmpty { return true }
        if let known = known[range.lowerBound], known.right == otherRange.lowerBound { return known.isEqual }
        var isEqual = true
        for (index, other) in zip(range, otherRange) where isEqual { isEqual = isEqualNeed(index, other) }
        known[range.lowerBound] = (otherRange.lowerBound, isEqual)
        return isEqual
    }

    private mutating func haveEqualConflicts(_ candidate: Candidate) -> Bool {
        let (range, otherRange) = (left.conflicts.range(candidate), right.conflicts.range(candidate))
        return range.count == otherRange.count
            && zip(range, otherRange).allSatisfy { index, other in
                left.conflicts.slot(index) == right.conflicts.slot(other)
                    && left.sets.isEqual(left.conflicts.set(index), right.conflicts.set(other), in: right.sets)
            }
    }

    private mutating func isEqualNeed(_ index: Int, _ other: Int) -> Bool {
        let (slot, otherSlot) = (left.needs.slot(index), right.needs.slot(other))
        if slot >= ranks.nameCount, otherSlot >= ranks.nameCount { return areEqualChoices(slot, otherSlot) }
        return slot == otherSlot && left.sets.isEqual(left.needs.set(index), right.needs.set(other), in: right.sets)
    }

    private mutating func areEqualChoices(_ choice: Slot, _ other: Slot) -> Bool {
        let (range, otherRange) = (left.order.range(choice), right.order.range(other))
        guard range.count == otherRange.count else { return false }
        for (index, otherIndex) in zip(range, otherRange)
        where !haveEqualNeeds(left.order.values[index], right.order.values[otherIndex]) {
            return false
        }
        return true
    }
}
