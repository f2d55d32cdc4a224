internal import Foundation
internal import Synchronization

/// Whether somebody still waits for work that cannot be interrupted.
final class Patience: Sendable {
    private let deadline: ContinuousClock.Instant
    private let isGivenUp = Atomic(false)

    init(until deadline: ContinuousClock.Instant) {
        self.deadline = deadline
    }

    /// False once the time is up or the waiting task was cancelled.
    var lasts: Bool { !isGivenUp.load(ordering: .relaxed) && ContinuousClock.now < deadline }

    func giveUp() { isGivenUp.store(true, ordering: .relaxed) }
}

/// Runs `work` on a thread of its own, for libraries that block and know no time-outs.
///
/// A thread that does not come back is left to itself: it ends when its library looks at `Patience`, or with the
/// process.
///
/// - Parameter late: thrown when `limit` has passed.
/// - Throws: `CancellationError` as soon as the task is cancelled; what `work` throws.
func onOwnThread<Value: Sendable>(
    within limit: Duration, late: any Error, _ work: @escaping @Sendable (Patience) throws -> Value
) async throws -> Value {
    let patience = Patience(until: .now + limit)
    return try await withThrowingTaskGroup(of: Value.self) { group in
        let (results, tell) = AsyncThrowingStream.makeStream(of: Value.self)
        Thread.detachNewThread {
            do {
                tell.yield(try work(patience))
                tell.finish()
            } catch {
                tell.finish(throwing: error)
            }
        }
        group.addTask {
            for try await value in results { return value }
            throw CancellationError()
        }
        group.addTask {
            try await Task.sleep(for: limit)
            throw late
        }
        defer {
            patience.giveUp()
            group.cancelAll()
        }
        guard let value = try await group.next() else { throw late }
        return value
    }
}
