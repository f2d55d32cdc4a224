/// Finds the first bad one of a row of candidates, of which the one before the first is good and the last is bad.
///
/// Candidates that cannot be decided are skipped: what is left may then be several.
package struct Bisection: Sendable {
    /// The candidates among which the first bad one is; the last of them is bad.
    package private(set) var remaining: Range<Int>
    private var skipped: Set<Int> = []

    /// - Parameter count: how many candidates there are, at least one.
    package init(count: Int) {
        remaining = 0..<max(1, count)
    }

    /// The candidate to try next; nil where none is left that would tell more.
    ///
    /// It is the one nearest to the middle that was not skipped.
    package var next: Int? {
        // The last one is known to be bad.
        let open = remaining.dropLast()
        guard let first = open.first, let last = open.last else { return nil }
        let middle = (first + last) / 2
        return open.filter { !skipped.contains($0) }.min { abs($0 - middle) < abs($1 - middle) }
    }

    /// Notes that a candidate is good, and so all before it.
    package mutating func markGood(_ candidate: Int) {
        guard remaining.contains(candidate + 1) else { return }
        remaining = candidate + 1..<remaining.upperBound
    }

    /// Notes that a candidate is bad, and so all after it.
    package mutating func markBad(_ candidate: Int) {
        guard remaining.contains(candidate) else { return }
        remaining = remaining.lowerBound..<candidate + 1
    }

    /// Notes that nothing can be said of a candidate.
    package mutating func skip(_ candidate: Int) { skipped.insert(candidate) }

    /// How many more tries there are at most, if none has to be skipped.
    package var tries: Int {
        var (count, tries) = (remaining.count, 0)
        while count > 1 { (count, tries) = ((count + 1) / 2, tries + 1) }
        return tries
    }
}
