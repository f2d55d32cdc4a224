internal import Synchronization

/// Computes a value for each key once, even if several tasks request it at the same time.
///
/// A failed computation is not kept: the next request starts another one. A cancelled task stops waiting immediately; a
/// computation without waiters is cancelled.
package final class AsyncMemo<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Entry {
        let number: UInt64
        let task: Task<Value, any Error>
        var waiters = 0
        var isDone = false
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        var next: UInt64 = 0
    }

    private let keepsValues: Bool
    private let state = Mutex(State())

    /// - Parameter keepsValues: whether values are kept for requests after the computation.
    package init(keepingValues keepsValues: Bool = true) {
        self.keepsValues = keepsValues
    }

    /// The value for `key`: the known value, that of a running computation, or a new one by `compute`.
    ///
    /// - Throws: the error of the computation; `CancellationError` as soon as the task is cancelled.
    package func value(
        for key: Key, _ compute: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try Task.checkCancellation()
        let (number, task) = join(key, compute)
        defer { leave(key, number) }
        let first = FirstResult<Value>()
        return try await first.value { Task { first.resume(with: await task.result) } }
    }

    /// Removes the value for `key`. A running computation continues for the tasks that wait for it.
    package func forget(_ key: Key) {
        state.withLock { _ = $0.entries.removeValue(forKey: key) }
    }

    private func join(
        _ key: Key, _ compute: @escaping @Sendable () async throws -> Value
    ) -> (UInt64, Task<Value, any Error>) {
        state.withLock { state in
            if var entry = state.entries[key] {
                entry.waiters += 1
                state.entries[key] = entry
                return (entry.number, entry.task)
            }
            state.next += 1
            let number = state.next
            let task = Task { [weak self] in
                do {
                    let value = try await compute()
                    self?.finish(key, number, isKept: self?.keepsValues ?? false)
                    return value
                } catch {
                    self?.finish(key, number, isKept: false)
                    throw error
                }
            }
            state.entries[key] = Entry(number: number, task: task, waiters: 1)
            return (number, task)
        }
    }

    private func finish(_ key: Key, _ number: UInt64, isKept: Bool) {
        state.withLock { state in
            guard state.entries[key]?.number == number else { return }
            if isKept { state.entries[key]?.isDone = true } else { state.entries[key] = nil }
        }
    }

    private func leave(_ key: Key, _ number: UInt64) {
        let abandoned: Task<Value, any Error>? = state.withLock { state in
            guard var entry = state.entries[key], entry.number == number else { return nil }
            entry.waiters -= 1
            let isAbandoned = entry.waiters == 0 && !entry.isDone
            state.entries[key] = isAbandoned ? nil : entry
            return isAbandoned ? entry.task : nil
        }
        abandoned?.cancel()
    }
}
