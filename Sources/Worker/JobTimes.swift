internal import Synchronization

/// How long a job took. The time to make or to wait for its environment, which other jobs use as well, and the time to
/// share its layer are not part of the job.
final class JobTimes: Sendable {
    private let asked = ContinuousClock.now
    private let interval = Mutex<(start: ContinuousClock.Instant?, end: ContinuousClock.Instant?)>((nil, nil))

    /// The environment is available. The last call counts.
    func begin() { interval.withLock { $0.start = .now } }

    /// The layer is captured.
    func end() { interval.withLock { $0.end = .now } }

    /// The time until the environment was available, or until now.
    var environment: Duration { (interval.withLock { $0.start } ?? .now) - asked }

    /// The time of the job itself until its end, or until now; zero if it never had an environment.
    var job: Duration {
        let (start, end) = interval.withLock { ($0.start, $0.end) }
        return start.map { (end ?? .now) - $0 } ?? .zero
    }
}
