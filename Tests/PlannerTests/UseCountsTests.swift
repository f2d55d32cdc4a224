import Core
import TestSupport
import Testing

@testable import Planner

/// Counts of uses against a dictionary.
@Suite struct UseCountsTests {
    private let digests = (0..<40).map { Digest(of: "\($0)") }

    @Test func countsAreThoseOfADictionary() {
        var random = SeededGenerator()
        var counts = UseCounts()
        var expected: [Digest: Int] = [:]
        for round in 0..<200 {
            var tally = ReferenceCounts(counts)
            let before = expected
            for _ in 0..<Int.random(in: 0...10, using: &random) {
                let digest = digests[Int.random(in: 0..<digests.count, using: &random)]
                let number = tally.add(digest).number
                #expect(tally.number(of: digest) == number && tally.digest(of: number) == digest)
                if expected[digest, default: 0] > 0, Bool.random(using: &random) {
                    #expect(tally.release(number) == (expected[digest] == 1))
                    expected[digest, default: 0] -= 1
                } else {
                    #expect(tally.retain(number) == (expected[digest, default: 0] == 0))
                    expected[digest, default: 0] += 1
                }
            }
            func used(_ counts: [Digest: Int], _ digest: Digest) -> Bool { counts[digest, default: 0] > 0 }
            let come = digests.filter { used(expected, $0) && !used(before, $0) }
            #expect(Set(tally.newlyUsed.map(tally.digest)) == Set(come))
            #expect(
                Set(tally.unused.map(tally.digest)) == Set(digests.filter { !used(expected, $0) && used(before, $0) }))
            #expect(tally.isPossible)
            counts = tally.counts(of: tally.used)
            #expect(
                digests.allSatisfy { counts[$0] == expected[$0, default: 0] }, "round \(round) of seed \(random.seed)")
            #expect(counts.keys == counts.keys.sorted() && counts.counts.allSatisfy { $0 > 0 })
        }
    }

    @Test func moreReleasesThanUsesAreSeen() {
        var tally = ReferenceCounts(UseCounts())
        let number = tally.add(digests[0]).number
        _ = tally.release(number)
        #expect(!tally.isPossible)
    }
}
