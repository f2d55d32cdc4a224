internal import Synchronization

/// Computes a value for each key once, however many tasks ask for it at the same time.
///
/// A computation that fails is not kept: a later caller starts another one. A task that is cancelled stops waiting at
/// once; a computation without waiters is cancelled.
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

    /// - Parameter keepsValues: whether a value is kept for those who ask after it was computed.
    package init(keepingValues keepsValues: Bool = true) {
        self.keepsValues = keepsValues
    }

    /// The value for `key`, computed by `compute` unless it is known or someone computes it.
    ///
    /// - Throws: what the computation throws; `CancellationError` as soon as the task is cancelled.
    package func value(
        for key: Key, _ compute: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try Task.checkCancellation()
        let (number, task) = join(key, compute)
        defer { leave(key, number) }
        let first = FirstResult<Value>()
        return try await first.value { Task { first.resume(with: await task.result) } }
    }

    /// Forgets the value for `key`; a computation that runs goes on for those who wait.
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
