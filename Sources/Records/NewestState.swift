package import Store
internal import Synchronization

/// The newest state delivered by a watch and not yet consumed: states that arrive faster than they are consumed replace
/// each other instead of queueing.
package final class NewestState: Sendable {
    private let state = Mutex<[StorePath: EphemeralValue]?>(nil)

    package init() {}

    /// Stores a state.
    ///
    /// - Returns: whether none was waiting, so that the consumer must be notified.
    package func replace(with new: [StorePath: EphemeralValue]) -> Bool {
        state.withLock { state in
            defer { state = new }
            return state == nil
        }
    }

    /// Returns and removes the state; nil if there is none.
    package func take() -> [StorePath: EphemeralValue]? {
        state.withLock { state in
            defer { state = nil }
            return state
        }
    }
}
