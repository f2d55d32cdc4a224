internal import Synchronization

/// A request to start no further jobs, which can be made once. Running jobs finish, and their results are recorded.
///
/// - SeeAlso: `docs/decisions/0192-draining.md`
package final class DrainRequest: Sendable {
    private struct State {
        var isMade = false
        var waiting: [UInt64: CheckedContinuation<Void, Never>] = [:]
        var next: UInt64 = 0
    }

    private let state = Mutex(State())

    package init() {}

    /// Whether the request was made.
    package var isMade: Bool { state.withLock(\.isMade) }

    /// Makes the request.
    package func make() {
        let waiting = state.withLock { state in
            defer { state.waiting = [:] }
            state.isMade = true
            return state.waiting.values
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Waits until the request is made or the task is cancelled.
    package func wait() async {
        let token = state.withLock { state in
            state.next += 1
            return state.next
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.isMade || Task.isCancelled { return true }
                    state.waiting[token] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: token) }?.resume()
        }
    }
}
