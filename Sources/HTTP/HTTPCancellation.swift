internal import Synchronization

/// Ends a request from another thread.
package final class HTTPCancellation: Sendable {
    private struct State {
        var isCancelled = false
        var wake: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    package init() {}

    /// Whether the request is to end.
    package var isCancelled: Bool { state.withLock { $0.isCancelled } }

    /// Ends the request soon, or before it begins.
    package func cancel() {
        state.withLock { state in
            state.isCancelled = true
            state.wake?()
        }
    }

    /// Runs `body`, while `wake` is called where the request is to end.
    func waking<Value>(_ wake: @escaping @Sendable () -> Void, _ body: () throws -> Value) rethrows -> Value {
        state.withLock { $0.wake = wake }
        defer { state.withLock { $0.wake = nil } }
        return try body()
    }
}
