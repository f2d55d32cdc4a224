/// Time during which a command was really watched.
///
/// While the machine sleeps, a virtual machine is paused or the runner is stopped (Ctrl-Z), no one watches and often nothing
/// runs, though every clock goes on; such a gap is not held against the command.
struct WatchedTime {
    /// What a busy machine may take between two looks.
    static let longestGap = Duration.seconds(5)

    private(set) var total = Duration.zero
    private var last: ContinuousClock.Instant

    init(from start: ContinuousClock.Instant) {
        last = start
    }

    /// Adds what has passed since the last look.
    mutating func look(at now: ContinuousClock.Instant) {
        total += min(now - last, Self.longestGap)
        last = now
    }
}
