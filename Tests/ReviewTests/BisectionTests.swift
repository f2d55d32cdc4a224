import Review
import Testing

@Suite struct BisectionTests {
    /// Every number of candidates and every first bad one, in at most the logarithm of tries.
    @Test func theFirstBadOneIsFound() {
        for count in 1...40 {
            for first in 0..<count {
                var bisection = Bisection(count: count)
                var tries = 0
                let expected = bisection.tries
                while let next = bisection.next {
                    tries += 1
                    if next < first { bisection.markGood(next) } else { bisection.markBad(next) }
                }
                #expect(bisection.remaining == first..<first + 1, "\(first) of \(count)")
                #expect(tries <= expected, "\(first) of \(count): \(tries) tries")
            }
        }
    }

    /// Undecided commits leave a range that contains the first bad one.
    @Test func undecidedOnesAreSkipped() {
        for count in 1...10 {
            for first in 0..<count {
                for skipped in 0..<1 << count {
                    var bisection = Bisection(count: count)
                    while let next = bisection.next {
                        if skipped & 1 << next != 0 {
                            bisection.skip(next)
                        } else if next < first {
                            bisection.markGood(next)
                        } else {
                            bisection.markBad(next)
                        }
                    }
                    #expect(bisection.remaining.contains(first), "\(first) of \(count), \(skipped)")
                    let open = bisection.remaining.dropLast().allSatisfy { skipped & 1 << $0 != 0 }
                    #expect(open, "\(first) of \(count), \(skipped): \(bisection.remaining)")
                }
            }
        }
    }
}
