/// Rows of integers, stored consecutively in one array (compressed sparse rows). Replacing a row keeps its old values
/// in the array, so that it can be restored.
package struct CompressedRows: Sendable {
    /// The position of each row's first value.
    package private(set) var start: [Int32] = []
    /// The position after each row's last value.
    package private(set) var end: [Int32] = []
    /// The values of all rows, including those of replaced rows.
    package private(set) var values: [Int32] = []

    package init() {}

    /// The number of rows.
    package var count: Int { start.count }
    /// The number of stored values, including those of replaced rows.
    var valueCount: Int { values.count }

    /// Adds an empty row.
    package mutating func addRow() {
        start.append(Int32(values.count))
        end.append(Int32(values.count))
    }

    /// Replaces the values of `row`. The previous ones stay in the array, unused.
    package mutating func replace(_ row: Int, with new: some Sequence<Int32>) {
        start[row] = Int32(values.count)
        values.append(contentsOf: new)
        end[row] = Int32(values.count)
    }

    /// The positions of the row's values in `values`.
    @inline(__always)
    package func range(_ row: Int) -> Range<Int> {
        Range(uncheckedBounds: (Int(start[row]), Int(end[row])))
    }

    /// The values of a row.
    package subscript(row: Int) -> ArraySlice<Int32> { values[range(row)] }

    /// A state of the rows to return to.
    package struct Checkpoint: Sendable {
        let rows: Int
        fileprivate let values: Int
    }

    /// The rows and values that exist now, to return to.
    package var checkpoint: Checkpoint { Checkpoint(rows: start.count, values: values.count) }

    /// Removes the rows and values added since `checkpoint`. Older rows must have been restored before.
    package mutating func rollback(to checkpoint: Checkpoint) {
        start.removeLast(start.count - checkpoint.rows)
        end.removeLast(end.count - checkpoint.rows)
        values.removeLast(values.count - checkpoint.values)
    }

    /// Restores `row` to the stored values in `range`.
    package mutating func restore(_ row: Int, to range: Range<Int>) {
        start[row] = Int32(range.lowerBound)
        end[row] = Int32(range.upperBound)
    }
}

/// The candidates of each slot, best first.
package struct CandidateRows: Sendable {
    private(set) var rows = CompressedRows()

    /// The number of slots.
    package var count: Int { rows.count }

    mutating func addRow() {
        rows.addRow()
    }

    /// Replaces the candidates of a slot, given in order of preference.
    package mutating func replace(_ slot: Slot, with candidates: some Sequence<Candidate>) {
        rows.replace(slot.index, with: candidates.lazy.map(\.rawValue))
    }

    /// The positions of the slot's candidates.
    @inline(__always)
    package func range(_ slot: Slot) -> Range<Int> { rows.range(slot.index) }

    /// The candidate at a position of a slot's range.
    @inline(__always)
    package func candidate(at position: Int) -> Candidate { Candidate(rawValue: rows.values[position]) }

    /// The candidates of a slot, in order of preference.
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

    /// Replaces the at-most-one groups of a candidate.
    package mutating func replace(_ candidate: Candidate, with groups: some Sequence<Int32>) {
        rows.replace(candidate.index, with: groups)
    }

    /// The positions of the candidate's groups.
    @inline(__always)
    package func range(_ candidate: Candidate) -> Range<Int> { rows.range(candidate.index) }

    @inline(__always)
    func group(at position: Int) -> Int { Int(rows.values[position]) }

    /// The at-most-one groups of a candidate.
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

/// Slot constraints, one row for each candidate: its dependencies or its conflicts.
package struct ConstraintRows: Sendable {
    private(set) var slots = CompressedRows()
    private var sets: [CandidateSets.ID] = []

    /// Adds a candidate without constraints.
    package mutating func addRow() {
        slots.addRow()
    }

    /// Replaces the constraints of a candidate.
    package mutating func replace(_ candidate: Candidate, with constraints: some Sequence<SlotConstraint>) {
        slots.replace(candidate.index, with: constraints.lazy.map(\.slot.rawValue))
        sets.append(contentsOf: constraints.lazy.map(\.set))
    }

    /// The positions of the candidate's constraints.
    @inline(__always)
    package func range(_ candidate: Candidate) -> Range<Int> { slots.range(candidate.index) }

    /// The slot that the constraint at a position is on.
    @inline(__always)
    package func slot(_ position: Int) -> Slot { Slot(rawValue: slots.values[position]) }

    /// The candidates that the constraint at a position names.
    @inline(__always)
    package func set(_ position: Int) -> CandidateSets.ID { sets[position] }

    /// Removes the rows that were added after `checkpoint`.
    package mutating func rollback(to checkpoint: CompressedRows.Checkpoint) {
        slots.rollback(to: checkpoint)
        sets.removeLast(sets.count - slots.values.count)
    }

    /// Restores the constraints of a candidate to those at `range`.
    package mutating func restore(_ candidate: Candidate, to range: Range<Int>) {
        slots.restore(candidate.index, to: range)
    }
}
