internal import Dispatch
internal import Synchronization

/// Repacks the store while a run writes to it, on a dedicated thread, so that recording results is not delayed.
package final class BackgroundRepack: Sendable {
    private struct State {
        var records = 0
        var isAtWork = false
        /// The earliest time of the next repack, so that a fast run is not slowed down by repacking.
        var notBefore = ContinuousClock.now
    }

    /// The number of records between two checks of the store. Each record stores about 100 KB of directories until they
    /// are packed.
    package static let interval = 500

    /// The pause after a repack as a multiple of its duration. A run that records as fast as it can leaves more to the
    /// repack at its end.
    private static let rest = 29

    private let interval: Int
    private let repack: @Sendable (_ willPack: @Sendable () -> Void) throws -> Void
    private let queue = DispatchQueue(label: "engine.backgroundRepack", qos: .utility)
    private let state = Mutex(State())

    /// - Parameter repack: Checks whether the store needs a repack; if so, calls `willPack` and repacks.
    package init(
        every interval: Int = BackgroundRepack.interval,
        repack: @escaping @Sendable (_ willPack: @Sendable () -> Void) throws -> Void
    ) {
        self.interval = interval
        self.repack = repack
    }

    /// Counts a record, and starts a repack after every `interval` records.
    package func noteRecord() {
        let isDue = state.withLock { state in
            state.records += 1
            guard state.records >= interval, !state.isAtWork, state.notBefore <= .now else { return false }
            state.records = 0
            state.isAtWork = true
            return true
        }
        guard isDue else { return }
        queue.async { [self] in
            // Errors are ignored: a later repack packs the rest.
            let began = ContinuousClock.now
            try? repack {}
            let end = ContinuousClock.now
            state.withLock { ($0.isAtWork, $0.notBefore) = (false, end + began.duration(to: end) * Self.rest) }
        }
    }

    /// Waits for a running repack, and repacks once more if that is worthwhile. Returns at once if the task is
    /// cancelled; a running repack then continues until the process exits, which may interrupt it at any point.
    ///
    /// - Parameter willPack: Called before the store is packed, or if it is being packed.
    package func finish(willPack: @escaping @Sendable () async -> Void) async {
        let (steps, continuation) = AsyncStream.makeStream(of: Void.self)
        if state.withLock(\.isAtWork) { continuation.yield() }
        queue.async { [self] in
            try? repack { continuation.yield() }
            continuation.finish()
        }
        var isReported = false
        for await _ in steps where !isReported {
            isReported = true
            await willPack()
        }
    }
}
