internal import Glibc

/// The delays between the attempts of an operation that fails for a transient reason: each is twice as long as the one
/// before, up to a limit.
package struct ExponentialBackoff: Sendable, Hashable {
    /// The delay before the second attempt.
    package var initial: Duration
    /// The longest delay.
    package var limit: Duration

    package init(_ initial: Duration, limit: Duration) {
        self.initial = initial
        self.limit = limit
    }

    /// The delay before the next attempt.
    ///
    /// - Parameter failures: The number of attempts that have failed in a row, at least 1.
    package func delay(after failures: Int) -> Duration {
        min(limit, initial * (1 << min(max(failures, 1) - 1, 32)))
    }

    /// A random delay between half and all of `delay(after:)`, so that competing processes do not retry at the same
    /// time.
    package func randomDelay(after failures: Int) -> Duration {
        let delay = delay(after: failures)
        return delay * Double.random(in: 0.5...1)
    }

    /// Blocks the thread for the random delay.
    package func pause(after failures: Int) {
        usleep(UInt32(randomDelay(after: failures) / .microseconds(1)))
    }
}
