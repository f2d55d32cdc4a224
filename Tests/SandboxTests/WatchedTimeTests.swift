import Testing

@testable import Supervision

/// The time in which a command was watched.
@Suite struct WatchedTimeTests {
    private let start = ContinuousClock.now

    @Test func timeThatWasWatchedCounts() {
        var time = WatchedTime(from: start)
        for tenth in 1...600 { time.advance(to: start + .milliseconds(100 * tenth)) }
        #expect(time.total == .seconds(60))
    }

    /// A night of sleep, or of a stopped runner, does not count as building time.
    @Test func aGapDoesNotCount() {
        var time = WatchedTime(from: start)
        time.advance(to: start + .seconds(1))
        time.advance(to: start + .seconds(8 * 3600))
        time.advance(to: start + .seconds(8 * 3600 + 1))
        #expect(time.total == .seconds(2) + WatchedTime.longestGap)
    }
}
