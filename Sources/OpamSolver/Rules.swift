/// A version of a package, or one alternative of a choice: what the search takes or leaves.
package typealias Candidate = Int32

/// A place that holds at most one candidate: the name of a package, or a choice between alternatives.
package typealias Slot = Int32

/// What must hold in one target, in the form that the search reads: slots, their candidates, and what each
/// candidate needs and forbids. Flat integer arrays only.
///
/// A choice `a | b` is a slot like a name, and its alternatives are candidates like versions. So the search
/// knows nothing of formulas.
package struct Rules: Sendable {
    /// The candidates of each slot, best first.
    package var order = Rows()
    /// The slot of each candidate.
    package var slotOf: [Slot] = []
    /// What each candidate needs, in textual order: some candidate of the slot, out of the set.
    package var needs = Links()
    /// What each candidate forbids: every candidate of the slot that is in the set.
    package var conflicts = Links()
    /// The classes of each candidate: of each class at most one candidate is taken.
    package var classes = Rows()
    package var classCount = 0
    package var sets = CandidateSets()

    package init() {}

    package var slotCount: Int { order.count }
    package var candidateCount: Int { slotOf.count }

    /// Adds a slot that has no candidates yet.
    package mutating func addSlot() -> Slot {
        order.addRow()
        return Slot(order.count - 1)
    }

    /// Adds a candidate without needs, conflicts or classes. It is not in the order of its slot yet.
    package mutating func addCandidate(to slot: Slot) -> Candidate {
        slotOf.append(slot)
        needs.addRow()
        conflicts.addRow()
        classes.addRow()
        return Candidate(slotOf.count - 1)
    }

    /// Whether two candidates cannot both be taken, whatever else is.
    func areExclusive(_ one: Candidate, _ other: Candidate) -> Bool {
        if slotOf[Int(one)] == slotOf[Int(other)] { return one != other }
        if excludes(one, other) || excludes(other, one) { return true }
        let range = classes.range(other)
        return !range.isEmpty && classes[one].contains { number in classes.values[range].contains(number) }
    }

    private func excludes(_ one: Candidate, _ other: Candidate) -> Bool {
        let slot = slotOf[Int(other)]
        for index in needs.range(one)
        where needs.slot(index) == slot && !sets.contains(other, in: needs.set(index)) { return true }
        for index in conflicts.range(one)
        where conflicts.slot(index) == slot && sets.contains(other, in: conflicts.set(index)) { return true }
        return false
    }

    /// A state of the rules to come back to.
    package struct Mark: Sendable {
        let order, needs, conflicts, classes, sets: Rows.Mark
        let candidates: Int
    }

    package var mark: Mark {
        Mark(
            order: order.mark, needs: needs.slots.mark, conflicts: conflicts.slots.mark, classes: classes.mark,
            sets: sets.mark, candidates: candidateCount)
    }

    /// Forgets the slots, candidates, links and sets added since `mark`. Older rows must have been put back before.
    package mutating func rewind(to mark: Mark) {
        order.rewind(to: mark.order)
        needs.rewind(to: mark.needs)
        conflicts.rewind(to: mark.conflicts)
        classes.rewind(to: mark.classes)
        sets.rewind(to: mark.sets)
        slotOf.removeLast(slotOf.count - mark.candidates)
    }
}

/// Rows of integers, one after the other in one array.
package struct Rows: Sendable {
    package private(set) var start: [Int32] = []
    package private(set) var end: [Int32] = []
    package private(set) var values: [Int32] = []

    package init() {}

    package var count: Int { start.count }
    /// How many values are kept, with those that no row shows any more.
    var valueCount: Int { values.count }

    /// Adds an empty row.
    package mutating func addRow() {
        start.append(Int32(values.count))
        end.append(Int32(values.count))
    }

    /// Gives `row` other values. Those it had stay in the array, unused.
    package mutating func replace(_ row: Int32, with new: some Sequence<Int32>) {
        start[Int(row)] = Int32(values.count)
        values.append(contentsOf: new)
        end[Int(row)] = Int32(values.count)
    }

    @inline(__always)
    package func range(_ row: Int32) -> Range<Int> {
        Range(uncheckedBounds: (Int(start[Int(row)]), Int(end[Int(row)])))
    }

    package subscript(row: Int32) -> ArraySlice<Int32> { values[range(row)] }

    /// A state of the rows to come back to.
    package struct Mark: Sendable {
        let rows: Int
        fileprivate let values: Int
    }

    package var mark: Mark { Mark(rows: start.count, values: values.count) }

    /// Forgets the rows and values added since `mark`. Older rows must have been put back before.
    package mutating func rewind(to mark: Mark) {
        start.removeLast(start.count - mark.rows)
        end.removeLast(end.count - mark.rows)
        values.removeLast(values.count - mark.values)
    }

    /// Lets `row` show the values in `range` again.
    package mutating func point(_ row: Int32, at range: Range<Int>) {
        start[Int(row)] = Int32(range.lowerBound)
        end[Int(row)] = Int32(range.upperBound)
    }
}

/// Rows of pairs (slot, set of its candidates).
package struct Links: Sendable {
    package private(set) var slots = Rows()
    package private(set) var sets: [Int32] = []

    package init() {}

    package mutating func addRow() {
        slots.addRow()
    }

    package mutating func replace(_ candidate: Candidate, with links: some Sequence<(slot: Slot, set: Int32)>) {
        slots.replace(candidate, with: links.lazy.map(\.slot))
        sets.append(contentsOf: links.lazy.map(\.set))
    }

    @inline(__always)
    package func range(_ candidate: Candidate) -> Range<Int> { slots.range(candidate) }

    @inline(__always)
    package func slot(_ index: Int) -> Slot { slots.values[index] }

    @inline(__always)
    package func set(_ index: Int) -> Int32 { sets[index] }

    package mutating func rewind(to mark: Rows.Mark) {
        slots.rewind(to: mark)
        sets.removeLast(sets.count - slots.values.count)
    }

    package mutating func point(_ candidate: Candidate, at range: Range<Int>) {
        slots.point(candidate, at: range)
    }
}

/// Sets of candidates, each a union of ranges of numbers. Set 0 holds every candidate.
package struct CandidateSets: Sendable {
    private var ranges = Rows()

    /// Every candidate of a slot.
    package static let everything: Int32 = 0

    package init() {
        ranges.addRow()
        ranges.replace(0, with: [0, .max])
    }

    /// The number of a new set that holds `union`: half-open ranges of candidates.
    package mutating func add(_ union: some Sequence<Range<Candidate>>) -> Int32 {
        ranges.addRow()
        let set = Int32(ranges.count - 1)
        ranges.replace(set, with: union.flatMap { [$0.lowerBound, $0.upperBound] })
        return set
    }

    @inline(__always)
    package func contains(_ candidate: Candidate, in set: Int32) -> Bool {
        if set == CandidateSets.everything { return true }
        let bounds = ranges.range(set)
        var index = bounds.lowerBound
        // Nearly all sets are one range.
        if bounds.count == 2 { return candidate >= ranges.values[index] && candidate < ranges.values[index + 1] }
        while index < bounds.upperBound {
            if candidate < ranges.values[index] { return false }
            if candidate < ranges.values[index + 1] { return true }
            index += 2
        }
        return false
    }

    /// Whether `set` holds the same candidates as `other` does in `sets`.
    func isEqual(_ set: Int32, _ other: Int32, in sets: CandidateSets) -> Bool {
        let (range, otherRange) = (ranges.range(set), sets.ranges.range(other))
        guard range.count == otherRange.count else { return false }
        for offset in 0..<range.count
        where ranges.values[range.lowerBound + offset] != sets.ranges.values[otherRange.lowerBound + offset] {
            return false
        }
        return true
    }

    /// The lowest and the highest candidate in `set`; nil when it is empty.
    func bounds(of set: Int32) -> (lowest: Candidate, highest: Candidate)? {
        let range = ranges.range(set)
        return range.isEmpty ? nil : (ranges.values[range.lowerBound], ranges.values[range.upperBound - 1] - 1)
    }

    /// The ranges that make up `set`, in increasing order.
    package func union(_ set: Int32) -> [Range<Candidate>] {
        let bounds = ranges.range(set)
        return stride(from: bounds.lowerBound, to: bounds.upperBound, by: 2).map {
            ranges.values[$0]..<ranges.values[$0 + 1]
        }
    }

    package var mark: Rows.Mark { ranges.mark }

    package mutating func rewind(to mark: Rows.Mark) {
        ranges.rewind(to: mark)
    }
}
