/// Rows of integers, stored one after the other in one array (compressed sparse rows). A row that gets other values
/// leaves the old ones behind, so that it can be restored.
package struct CompressedRows: Sendable {
    package private(set) var start: [Int32] = []
    package private(set) var end: [Int32] = []
    package private(set) var values: [Int32] = []

    package init() {}

    package var count: Int { start.count }
    /// How many values are stored, including those that belong to no row any more.
    var valueCount: Int { values.count }

    /// Adds an empty row.
    package mutating func addRow() {
        start.append(Int32(values.count))
        end.append(Int32(values.count))
    }

    /// Gives `row` other values. The previous ones stay in the array, unused.
    package mutating func replace(_ row: Int, with new: some Sequence<Int32>) {
        start[row] = Int32(values.count)
        values.append(contentsOf: new)
        end[row] = Int32(values.count)
    }

    @inline(__always)
    package func range(_ row: Int) -> Range<Int> {
        Range(uncheckedBounds: (Int(start[row]), Int(end[row])))
    }

    package subscript(row: Int) -> ArraySlice<Int32> { values[range(row)] }

    /// A state of the rows to go back to.
    package struct Checkpoint: Sendable {
        let rows: Int
        fileprivate let values: Int
    }

    package var checkpoint: Checkpoint { Checkpoint(rows: start.count, values: values.count) }

    /// Removes the rows and values added since `checkpoint`. Older rows must have been restored before.
    package mutating func rollback(to checkpoint: Checkpoint) {
        start.removeLast(start.count - checkpoint.rows)
        end.removeLast(end.count - checkpoint.rows)
        values.removeLast(values.count - checkpoint.values)
    }

    /// Gives `row` the stored values in `range` again.
    package mutating func restore(_ row: Int, to range: Range<Int>) {
        start[row] = Int32(range.lowerBound)
        end[row] = Int32(range.upperBound)
    }
}

/// The candidates of each slot, best first.
package struct CandidateRows: Sendable {
    private(set) var rows = CompressedRows()

    package var count: Int { rows.count }

    mutating func addRow() {
        rows.addRow()
    }

    package mutating func replace(_ slot: Slot, with candidates: some Sequence<Candidate>) {
        rows.replace(slot.index, with: candidates.lazy.map(\.rawValue))
    }

    @inline(__always)
    package func range(_ slot: Slot) -> Range<Int> { rows.range(slot.index) }

    @inline(__always)
    package func candidate(at position: Int) -> Candidate { Candidate(rawValue: rows.values[position]) }

    package subscript(slot: Slot) -> LazyMapSequence<ArraySlice<Int32>, Candidate> {
        rows[slot.index].lazy.map { Candidate(rawValue: $0) }
    }

    mutating func restore(_ slot: Slot, to range: Range<Int>) {
        rows.restore(slot.index, to: range)
    }

    mutating func rollback(to checkpoint: CompressedRows.Checkpoint) {
        rows.rollback(to: checkpoint)
    }
}

/// The at-most-one groups of each candidate: opam's conflict classes, by number.
package struct GroupRows: Sendable {
    private(set) var rows = CompressedRows()

    mutating func addRow() {
        rows.addRow()
    }

    package mutating func replace(_ candidate: Candidate, with groups: some Sequence<Int32>) {
        rows.replace(candidate.index, with: groups)
    }

    @inline(__always)
    package func range(_ candidate: Candidate) -> Range<Int> { rows.range(candidate.index) }

    @inline(__always)
    func group(at position: Int) -> Int { Int(rows.values[position]) }

    package subscript(candidate: Candidate) -> ArraySlice<Int32> { rows[candidate.index] }

    mutating func restore(_ candidate: Candidate, to range: Range<Int>) {
        rows.restore(candidate.index, to: range)
    }

    mutating func rollback(to checkpoint: CompressedRows.Checkpoint) {
        rows.rollback(to: checkpoint)
    }
}

/// A condition on one slot: its value is in a set of candidates.
package typealias SlotConstraint = (slot: Slot, set: CandidateSets.ID)

/// Slot constraints, a row for each candidate: what it depends on, or what it conflicts with.
package struct ConstraintRows: Sendable {
    private(set) var slots = CompressedRows()
    private var sets: [CandidateSets.ID] = []

    package mutating func addRow() {
        slots.addRow()
    }

    package mutating func replace(_ candidate: Candidate, with constraints: some Sequence<SlotConstraint>) {
        slots.replace(candidate.index, with: constraints.lazy.map(\.slot.rawValue))
        sets.append(contentsOf: constraints.lazy.map(\.set))
    }

    @inline(__always)
    package func range(_ candidate: Candidate) -> Range<Int> { slots.range(candidate.index) }

    @inline(__always)
    package func slot(_ position: Int) -> Slot { Slot(rawValue: slots.values[position]) }

    @inline(__always)
    package func set(_ position: Int) -> CandidateSets.ID { sets[position] }

    package mutating func rollback(to checkpoint: CompressedRows.Checkpoint) {
        slots.rollback(to: checkpoint)
        sets.removeLast(sets.count - slots.values.count)
    }

    package mutating func restore(_ candidate: Candidate, to range: Range<Int>) {
        slots.restore(candidate.index, to: range)
    }
}
