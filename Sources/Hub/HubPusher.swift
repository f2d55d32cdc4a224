internal import Core
internal import Foundation
package import Store
internal import Synchronization
internal import System

/// Pushes commits of a store to its hub in batches. Only one process does so at a time: the dispatcher.
package final class HubPusher: Sendable {
    /// A change in the state of the pushes.
    package enum Event: Sendable {
        /// A push failed and will be retried.
        case failed(HubError)
        /// A push succeeded after a failure.
        case recovered
        /// The hub had other commits; the local commits of these branches were rebased onto them.
        case replayed([String])
    }

    private struct State {
        /// The number of calls of `note`, and how many of them a successful push has covered.
        var noted = 0
        var pushed = 0
        var problem: HubError?
        /// Whether pushing has stopped for good.
        var hasEnded = false
        var waiters: [Waiter] = []
        /// Since when the hub has refused all pushes; nil if the last one succeeded or failed for another reason.
        var refusedSince: ContinuousClock.Instant?
    }

    private struct Waiter {
        var ticket: Int
        /// How long the hub may refuse pushes; nil if the waiter does not mind.
        var patience: Duration?
        var continuation: CheckedContinuation<Void, any Error>
    }

    private let hub: Hub
    private let store: Store
    private let observe: @Sendable (Event) async -> Void
    private let state = Mutex(State())
    private let wakeUps: AsyncStream<Void>.Continuation
    /// How long results are collected into one push.
    private static let pause = Duration.milliseconds(200)

    /// - Parameters:
    ///   - problem: A failure that was reported before; it is not reported again while it lasts.
    ///   - observe: Receives the events in order.
    package init(
        _ hub: Hub, _ store: Store, known problem: HubError? = nil, observe: @escaping @Sendable (Event) async -> Void
    ) {
        state.withLock { $0.problem = problem }
        self.hub = hub
        self.store = store
        self.observe = observe
        let (stream, wakeUps) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        self.wakeUps = wakeUps
        Task { [weak self] in
            for await _ in stream {
                try? await Task.sleep(for: Self.pause)
                await self?.pushAll()
            }
        }
    }

    deinit { wakeUps.finish() }

    /// Schedules a push because something was recorded.
    package func note() {
        state.withLock { $0.noted += 1 }
        wakeUps.yield()
    }

    /// Returns when the hub has everything recorded before the call, or when pushing has stopped for good.
    package func pushed() async { try? await pushed(patience: nil) }

    /// Returns when the hub has everything recorded before the call, or when pushing has stopped for good.
    ///
    /// - Parameter patience: How long the hub may refuse pushes, which only its operator can change. A hub that cannot
    ///   be reached is waited for.
    /// - Throws: `HubError` if it refuses them longer.
    package func pushed(patience: Duration?) async throws {
        try await withCheckedThrowingContinuation { continuation in
            let isPushed = state.withLock { state in
                if state.pushed >= state.noted || state.hasEnded { return true }
                state.waiters.append(Waiter(ticket: state.noted, patience: patience, continuation: continuation))
                return false
            }
            if isPushed { continuation.resume() }
        }
    }

    /// Pushes everything that the hub lacks, and stops.
    ///
    /// - Parameter timeout: How long to retry.
    /// - Throws: `HubError` if the hub has not received everything within `timeout`.
    package func finish(within timeout: Duration) async throws {
        note()
        let timer = Task { [weak self] in
            try? await Task.sleep(for: timeout)
            self?.end()
        }
        await pushed()
        timer.cancel()
        let problem: HubError? = state.withLock { [url = hub.url] state in
            guard state.pushed < state.noted else { return nil }
            return state.problem ?? HubError(.unreachable, "\(url): it did not accept all commits in time")
        }
        end()
        if let problem { throw problem }
    }

    /// Stops pushing and resumes all waiters.
    package func end() {
        let waiters = state.withLock { state in
            state.hasEnded = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.continuation.resume() }
        wakeUps.finish()
    }

    private func pushAll() async {
        let backoff = ExponentialBackoff(.milliseconds(500), limit: .seconds(15))
        var failures = 0
        while true {
            let (target, isDone) = state.withLock { ($0.noted, $0.pushed >= $0.noted || $0.hasEnded) }
            if isDone { return }
            do {
                try await pushOnce()
                await succeed(target)
                failures = 0
            } catch {
                await fail(error as? HubError ?? HubError(.refused, "\(hub.url): \(Failure(describing: error))"))
                failures += 1
                try? await Task.sleep(for: backoff.delay(after: failures))
            }
        }
    }

    private func pushOnce() async throws {
        do {
            try await BlockingWork.run { [hub, store] in try hub.push(store) }
        } catch let error as HubError where error.kind == .diverged {
            let branches = try await BlockingWork.run { [hub, store] in try HubUpdate(hub, store).run() }
            if !branches.isEmpty { await observe(.replayed(branches.map(\.name))) }
            try await BlockingWork.run { [hub, store] in try hub.push(store) }
        }
    }

    private func succeed(_ target: Int) async {
        let (ready, hasRecovered) = state.withLock { state in
            state.pushed = max(state.pushed, target)
            let ready = state.waiters.filter { $0.ticket <= state.pushed }
            state.waiters.removeAll { $0.ticket <= state.pushed }
            defer { (state.problem, state.refusedSince) = (nil, nil) }
            return (ready, state.problem != nil)
        }
        for waiter in ready { waiter.continuation.resume() }
        if hasRecovered { await observe(.recovered) }
    }

    /// Reports a failure, unless it is the same as the last one, and fails the waiters whose patience is over, which
    /// ends pushing.
    private func fail(_ problem: HubError) async {
        let now = ContinuousClock.now
        let (isNew, impatient) = state.withLock { state in
            defer { state.problem = problem }
            state.refusedSince = problem.kind.isRefusal ? state.refusedSince ?? now : nil
            let duration = state.refusedSince.map { now - $0 }
            func isOver(_ waiter: Waiter) -> Bool {
                if let patience = waiter.patience, let duration { duration >= patience } else { false }
            }
            let impatient = state.waiters.filter(isOver)
            state.waiters.removeAll(where: isOver)
            return (state.problem?.kind != problem.kind, impatient)
        }
        if isNew { await observe(.failed(problem)) }
        guard !impatient.isEmpty else { return }
        for waiter in impatient { waiter.continuation.resume(throwing: problem) }
        // The caller ends, and need not wait once more.
        end()
    }
}
