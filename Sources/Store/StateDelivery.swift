internal import Dispatch
internal import Glibc
internal import Synchronization

/// Calls the handler of a watch with each state that differs from the previous one, one call at a time.
///
/// The state is that of ephemeral values, or of the heads of branches.
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

    /// Delivers the state soon if it has changed. Changes before it is read are delivered together.
    func schedule() {
        guard !isScheduled.exchange(true, ordering: .acquiringAndReleasing) else { return }
        queue.async { [self] in
            rate.pause()
            isScheduled.store(false, ordering: .sequentiallyConsistent)
            deliver()
        }
    }

    /// Ends the delivery.
    func end() { isEnded.store(true, ordering: .releasing) }

    private func deliver() {
        // Read before the check: a state that is delivered after the end existed before it.
        guard let state = read(), !isEnded.load(ordering: .acquiring) else { return }
        let isNew = last.withLock { last in
            defer { last = state }
            return last != state
        }
        if isNew { handler(state) }
    }
}

/// Delays work so that changes in quick succession are processed together.
final class DeliveryRate: Sendable {
    private let last = Atomic<UInt64>(0)
    private static let interval: UInt64 = 1_000_000

    /// Blocks the thread until a millisecond has passed since the last call.
    func pause() {
        let now = DispatchTime.now().uptimeNanoseconds
        let next = last.load(ordering: .relaxed) + Self.interval
        if next > now { usleep(UInt32((next - now) / 1000)) }
        last.store(max(now, next), ordering: .relaxed)
    }
}
