import Testing

@testable import System

@Suite struct ExponentialBackoffTests {
    @Test func delaysDoubleUpToTheLimit() {
        let backoff = ExponentialBackoff(.milliseconds(3), limit: .milliseconds(20))
        #expect((1...5).map(backoff.delay(after:)) == [3, 6, 12, 20, 20].map(Duration.milliseconds))
        #expect(backoff.delay(after: .max) == .milliseconds(20))
        #expect(ExponentialBackoff(.seconds(600), limit: .seconds(60)).delay(after: 1) == .seconds(60))
    }

    @Test(arguments: 1...8) func randomDelaysAreBetweenHalfAndAll(failures: Int) {
        let backoff = ExponentialBackoff(.microseconds(50), limit: .milliseconds(2))
        let delay = backoff.delay(after: failures)
        for _ in 0..<100 { #expect((delay / 2...delay).contains(backoff.randomDelay(after: failures))) }
    }
}
