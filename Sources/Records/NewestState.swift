package import Store
internal import Synchronization

/// The newest state that a watch has told of and that nobody has taken yet: states that come faster than they are taken in replace
/// each other instead of queueing.
package final class NewestState: Sendable {
    private let state = Mutex<[StorePath: EphemeralValue]?>(nil)

    package init() {}

    /// Notes a state.
    ///
    /// - Returns: whether none was waiting, so that the taker has to be told.
    package func replace(with new: [StorePath: EphemeralValue]) -> Bool {
        state.withLock { state in
            defer { state = new }
            return state == nil
        }
    }

    /// The state, unless it was taken.
    package func take() -> [StorePath: EphemeralValue]? {
        state.withLock { state in
            defer { state = nil }
            return state
        }
    }
}
