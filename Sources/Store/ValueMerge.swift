/// Merges two concurrent changes of a document, so that they do not conflict.
///
/// Receives the common base (nil if absent), our value and theirs; returns the merged value, or nil to report a
/// conflict. Must be a pure function, because it may run more than once.
public struct ValueMerge<Value: Codable & SendableMetatype>: Sendable {
    let merge: @Sendable (_ base: Value?, _ ours: Value, _ theirs: Value) -> Value?

    /// Creates a custom merge.
    public init(_ merge: @escaping @Sendable (_ base: Value?, _ ours: Value, _ theirs: Value) -> Value?) {
        self.merge = merge
    }

    /// The last commit wins.
    public static var ours: ValueMerge { ValueMerge { _, ours, _ in ours } }
}

extension ValueMerge where Value: FixedWidthInteger {
    /// Adds both increments. An overflow is a conflict.
    public static var counter: ValueMerge {
        ValueMerge { base, ours, theirs in
            let (added, overflow) = ours.subtractingReportingOverflow(base ?? 0)
            let (sum, secondOverflow) = theirs.addingReportingOverflow(added)
            return overflow || secondOverflow ? nil : sum
        }
    }
}

extension ValueMerge where Value: SetAlgebra {
    /// Keeps the elements that either side added, and removes those that either removed.
    public static var set: ValueMerge {
        ValueMerge { base, ours, theirs in
            let base = base ?? Value()
            let kept = base.intersection(ours).intersection(theirs)
            return kept.union(ours.subtracting(base)).union(theirs.subtracting(base))
        }
    }
}

extension ValueMerge where Value: Equatable {
    /// The greater state of a lattice wins, compared by `rank`; different states with equal ranks are a conflict.
    public static func lattice(rank: @escaping @Sendable (Value) -> Int) -> ValueMerge {
        ValueMerge { _, ours, theirs in
            if ours == theirs { return ours }
            let (our, their) = (rank(ours), rank(theirs))
            return our == their ? nil : (our > their ? ours : theirs)
        }
    }
}
