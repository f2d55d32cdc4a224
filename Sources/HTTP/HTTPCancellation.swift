internal import Synchronization

/// Cancels a request from another thread.
package final class HTTPCancellation: Sendable {
    private struct State {
        var isCancelled = false
        var wake: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    package init() {}

    /// Whether the request is cancelled.
    package var isCancelled: Bool { state.withLock { $0.isCancelled } }

    /// Cancels the request soon, or before it begins.
    package func cancel() {
        state.withLock { state in
            state.isCancelled = true
            state.wake?()
        }
    }

    /// Runs `body`; `wake` is called on cancellation.
    func waking<Value>(_ wake: @escaping @Sendable () -> Void, _ body: () throws -> Value) rethrows -> Value {
        state.withLock { $0.wake = wake }
        defer { state.withLock { $0.wake = nil } }
        return try body()
    }
}
