internal import Dispatch
internal import Glibc
internal import Synchronization

/// Calls the handler of a watch with each state that differs from the one before, one at a time.
///
/// A state is what is watched: ephemeral values, or the heads of branches.
final class StateDelivery<State: Equatable & Sendable>: Sendable {
    private let queue = DispatchQueue(label: "store.watch")
    private let last = Mutex<State?>(nil)
    private let rate = DeliveryRate()
    private let isEnded = Atomic(false)
    private let isScheduled = Atomic(false)
    private let read: @Sendable () -> State?
    private let handler: @Sendable (State) -> Void

    /// - Parameter read: Returns the current state; nil if it cannot be read and is not delivered.
    init(reading read: @escaping @Sendable () -> State?, to handler: @escaping @Sendable (State) -> Void) {
        self.read = read
        self.handler = handler
    }

    /// Delivers the state soon, if it is another one. Changes that come before it is read are delivered together.
    func schedule() {
        guard !isScheduled.exchange(true, ordering: .acquiringAndReleasing) else { return }
        queue.async { [self] in
            rate.pause()
            isScheduled.store(false, ordering: .sequentiallyConsistent)
            deliver()
        }
    }

    /// Delivers nothing more.
    func end() { isEnded.store(true, ordering: .releasing) }

    private func deliver() {
        // Read first: a state that is delivered after the end was there before it.
        guard let state = read(), !isEnded.load(ordering: .acquiring) else { return }
        let isNew = last.withLock { last in
            defer { last = state }
            return last != state
        }
        if isNew { handler(state) }
    }
}

/// Holds back what follows something at once, so that what comes in quick succession is looked at together.
final class DeliveryRate: Sendable {
    private let last = Atomic<UInt64>(0)
    private static let interval: UInt64 = 1_000_000

    /// Blocks the thread until it was not here for a millisecond.
    func pause() {
        let now = DispatchTime.now().uptimeNanoseconds
        let next = last.load(ordering: .relaxed) + Self.interval
        if next > now { usleep(UInt32((next - now) / 1000)) }
        last.store(max(now, next), ordering: .relaxed)
    }
}
