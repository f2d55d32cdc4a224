internal import Dispatch
internal import Synchronization

/// Repacks the store while a run writes to it, on a thread of its own: no verdict waits for it.
package final class BackgroundRepack: Sendable {
    private struct State {
        var records = 0
        var isAtWork = false
        /// A run that records faster than can be tidied is not held up by it.
        var notBefore = ContinuousClock.now
    }

    /// Records between two looks at the store. A record stores some 100 KB of directories until they are packed.
    package static let interval = 500

    /// How many times as long as it has just worked it rests.
    private static let rest = 4

    private let interval: Int
    private let repack: @Sendable (_ willPack: @Sendable () -> Void) throws -> Void
    private let queue = DispatchQueue(label: "engine.backgroundRepack", qos: .utility)
    private let state = Mutex(State())

    /// - Parameter repack: what is done after so many records; it finds out by itself whether there is anything to do, and
    ///   then calls `willPack` first.
    package init(
        every interval: Int = BackgroundRepack.interval,
        repack: @escaping @Sendable (_ willPack: @Sendable () -> Void) throws -> Void
    ) {
        self.interval = interval
        self.repack = repack
    }

    /// Notes that something was recorded, and begins to repack after every so many of them.
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
            // What cannot be packed now is packed another time; nothing depends on it.
            let began = ContinuousClock.now
            try? repack {}
            let end = ContinuousClock.now
            state.withLock { ($0.isAtWork, $0.notBefore) = (false, end + began.duration(to: end) * Self.rest) }
        }
    }

    /// Waits for what is under way, and repacks once more where that is worth while; returns at once where the task is
    /// cancelled. What was begun then goes on until the process ends, and may be cut short at any point.
    ///
    /// - Parameter willPack: called before the store is packed, or where that is under way.
    package func finish(willPack: @escaping @Sendable () async -> Void) async {
        let (steps, tell) = AsyncStream.makeStream(of: Void.self)
        if state.withLock(\.isAtWork) { tell.yield() }
        queue.async { [self] in
            try? repack { tell.yield() }
            tell.finish()
        }
        var isTold = false
        for await _ in steps where !isTold {
            isTold = true
            await willPack()
        }
    }
}
