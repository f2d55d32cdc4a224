/// Finds the first bad candidate in a sequence, given that the candidate before the first is good and the last one is
/// bad.
///
/// Candidates that cannot be decided are skipped; then several may remain.
package struct Bisection: Sendable {
    /// The candidates for the first bad one; the last of them is bad.
    package private(set) var remaining: Range<Int>
    private var skipped: Set<Int> = []

    /// - Parameter count: The number of candidates, at least one.
    package init(count: Int) {
        remaining = 0..<max(1, count)
    }

    /// The candidate to try next; nil if no other can narrow the search.
    ///
    /// It is the candidate nearest to the middle that was not skipped.
    package var next: Int? {
        // The last one is known to be bad.
        let open = remaining.dropLast()
        guard let first = open.first, let last = open.last else { return nil }
        let middle = (first + last) / 2
        return open.filter { !skipped.contains($0) }.min { abs($0 - middle) < abs($1 - middle) }
    }

    /// Marks a candidate, and with it all before it, as good.
    package mutating func markGood(_ candidate: Int) {
        guard remaining.contains(candidate + 1) else { return }
        remaining = candidate + 1..<remaining.upperBound
    }

    /// Marks a candidate, and with it all after it, as bad.
    package mutating func markBad(_ candidate: Int) {
        guard remaining.contains(candidate) else { return }
        remaining = remaining.lowerBound..<candidate + 1
    }

    /// Marks a candidate as undecidable.
    package mutating func skip(_ candidate: Int) { skipped.insert(candidate) }

    /// The maximum number of remaining tries, if none has to be skipped.
    package var tries: Int {
        var (count, tries) = (remaining.count, 0)
        while count > 1 { (count, tries) = ((count + 1) / 2, tries + 1) }
        return tries
    }
}
