/// Sets of candidates, each a union of ranges.
package struct CandidateSets: Sendable {
    /// Identifies a set.
    package struct ID: SolverIndex {
        /// The position of the set's range in `CandidateSets`.
        package let rawValue: Int32

        @inline(__always)
        package init(rawValue: Int32) { self.rawValue = rawValue }
    }

    private var ranges = CompressedRows()

    /// The set of all candidates.
    package static let everything = ID(0)

    package init() {
        ranges.addRow()
        ranges.replace(0, with: [0, .max])
    }

    /// Adds a set.
    ///
    /// - Parameter union: half-open ranges of candidates, increasing.
    package mutating func add(_ union: some Sequence<Range<Candidate>>) -> ID {
        ranges.addRow()
        let set = ranges.count - 1
        ranges.replace(set, with: union.flatMap { [$0.lowerBound.rawValue, $0.upperBound.rawValue] })
        return ID(set)
    }

    /// Whether `candidate` is in the set, in O(log ranges).
    @inline(__always)
    package func contains(_ candidate: Candidate, in set: ID) -> Bool {
        if set == CandidateSets.everything { return true }
        let bounds = ranges.range(set.index)
        var index = bounds.lowerBound
        let number = candidate.rawValue
        // Nearly all sets are one range.
        if bounds.count == 2 { return number >= ranges.values[index] && number < ranges.values[index + 1] }
        while index < bounds.upperBound {
            if number < ranges.values[index] { return false }
            if number < ranges.values[index + 1] { return true }
            index += 2
        }
        return false
    }

    /// The ranges that make up `set`, in increasing order.
    package func union(_ set: ID) -> [Range<Candidate>] {
        let bounds = ranges.range(set.index)
        return stride(from: bounds.lowerBound, to: bounds.upperBound, by: 2).map {
            Candidate(rawValue: ranges.values[$0])..<Candidate(rawValue: ranges.values[$0 + 1])
        }
    }

    /// The sets that exist now, to return to.
    package var checkpoint: CompressedRows.Checkpoint { ranges.checkpoint }

    package mutating func rollback(to checkpoint: CompressedRows.Checkpoint) {
        ranges.rollback(to: checkpoint)
    }
}
