internal import Dispatch
internal import Glibc
internal import Synchronization

/// Work that waits for a disk, a lock, a process or a library without asynchronous functions.
///
/// It runs on a thread of its own: the cooperative pool has one thread per processor, and a blocked one delays all
/// tasks. See docs/concurrency.md.
package enum BlockingWork {
    /// Starts `work` on a new thread and does not wait for it.
    ///
    /// If the system cannot create a thread at the moment, retries until it can: dropping the work would make its
    /// caller wait forever. (Foundation's `Thread` silently drops the work.)
    package static func start(_ work: @escaping @Sendable () -> Void) {
        start(work, create: create)
    }

    /// - Parameter create: Starts a thread for the work; returns 0 or an error number.
    static func start(_ work: @escaping @Sendable () -> Void, create: (Work) -> Int32) {
        let work = Work(work)
        while true {
            let status = create(work)
            if status == 0 { return }
            precondition(status == EAGAIN, "a thread cannot be started: error \(status)")
            usleep(10_000)
        }
    }

    /// Work that is passed to its thread.
    final class Work: Sendable {
        fileprivate let body: @Sendable () -> Void

        fileprivate init(_ body: @escaping @Sendable () -> Void) {
            self.body = body
        }
    }

    static func create(_ work: Work) -> Int32 {
        var thread: pthread_t = 0
        let context = Unmanaged.passRetained(work)
        let status = pthread_create(
            &thread, nil,
            { context in
                if let context { Unmanaged<Work>.fromOpaque(context).takeRetainedValue().body() }
                return nil
            }, context.toOpaque())
        if status == 0 { pthread_detach(thread) } else { context.release() }
        return status
    }

    /// Returns the result of `work`. A cancelled task also waits for it.
    package static func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            start { continuation.resume(with: Result { try work() }) }
        }
    }

    /// Returns the result of `work`, which cannot fail. A cancelled task also waits for it.
    package static func run<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            start { continuation.resume(returning: work()) }
        }
    }

    /// Returns the result of `work`. When the task is cancelled, the thread continues on its own and its result is
    /// discarded.
    ///
    /// - Throws: `CancellationError`; the error of `work`.
    package static func runUntilCancelled<Value: Sendable>(
        _ work: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        let first = FirstResult<Value>()
        return try await first.value { start { first.resume(with: Result { try work() }) } }
    }

    /// Returns the result of `work`, for blocking libraries without time limits.
    ///
    /// A thread that does not return in time continues on its own: it ends when its library checks the `Deadline`, or
    /// with the process.
    ///
    /// - Parameter late: the error to throw after `limit`.
    /// - Throws: `CancellationError` as soon as the task is cancelled; the error of `work`.
    package static func run<Value: Sendable>(
        within limit: Duration, late: any Error, _ work: @escaping @Sendable (Deadline) throws -> Value
    ) async throws -> Value {
        let deadline = Deadline(at: .now + limit)
        defer { deadline.cancel() }
        let first = FirstResult<Value>()
        // A timer instead of a task: a result in time must count even if a busy process delays its tasks.
        let timer = DispatchSource.makeTimerSource()
        timer.setEventHandler { first.resume(with: .failure(late)) }
        timer.schedule(deadline: .now() + limit / .seconds(1))
        timer.resume()
        defer { timer.cancel() }
        return try await first.value { start { first.resume(with: Result { try work(deadline) }) } }
    }
}

/// The time limit of work that cannot be interrupted, and whether a task still waits for it.
package final class Deadline: Sendable {
    private let end: ContinuousClock.Instant
    private let isCancelled = Atomic(false)

    package init(at end: ContinuousClock.Instant) {
        self.end = end
    }

    /// False after the time limit or when the waiting task was cancelled.
    package var isPending: Bool { !isCancelled.load(ordering: .relaxed) && ContinuousClock.now < end }

    /// The time for which a task still waits.
    package var remaining: Duration { isPending ? end - .now : .zero }

    package func cancel() { isCancelled.store(true, ordering: .relaxed) }
}
