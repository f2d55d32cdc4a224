/// The time during which a command was actually watched.
///
/// While the machine sleeps, a virtual machine is paused or the runner is stopped (Ctrl-Z), nothing is watched and
/// often nothing runs, although clocks advance; such a gap does not count against the command's limits.
struct WatchedTime {
    /// The longest delay between two checks on a busy machine.
    static let longestGap = Duration.seconds(5)

    private(set) var total = Duration.zero
    private var last: ContinuousClock.Instant

    init(from start: ContinuousClock.Instant) {
        last = start
    }

    /// Adds the time since the last check.
    mutating func advance(to now: ContinuousClock.Instant) {
        total += min(now - last, Self.longestGap)
        last = now
    }
}
