internal import Core
internal import Foundation
package import Store
internal import Synchronization
internal import System

/// Pushes what is recorded in a store to its hub, in batches. One process does that at a time: the one that dispatches.
package final class HubPusher: Sendable {
    /// What happens on the way to the hub.
    package enum Event: Sendable {
        /// Pushing fails and is tried again.
        case failed(HubError)
        /// What could not be pushed is there now.
        case recovered
        /// The hub had other results, too: these branches were put on top of them.
        case replayed([String])
    }

    private struct State {
        /// How often something was recorded, and how much of that the hub has.
        var noted = 0
        var pushed = 0
        var problem: HubError?
        /// Whether nothing is pushed any more.
        var hasEnded = false
        var waiters: [(ticket: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let hub: Hub
    private let store: Store
    private let observe: @Sendable (Event) async -> Void
    private let state = Mutex(State())
    private let wakeUps: AsyncStream<Void>.Continuation
    /// For how long results are gathered before they are pushed together.
    private static let pause = Duration.milliseconds(200)

    /// - Parameter observe: receives what happens, in order.
    package init(_ hub: Hub, _ store: Store, observe: @escaping @Sendable (Event) async -> Void) {
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

    /// Notes that something was recorded, which is pushed soon.
    package func note() {
        state.withLock { $0.noted += 1 }
        wakeUps.yield()
    }

    /// Returns when the hub has what was recorded before, or when nothing is pushed any more.
    package func pushed() async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.pushed >= state.noted || state.hasEnded { return true }
                state.waiters.append((state.noted, continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
    }

    /// Pushes what is left.
    ///
    /// - Parameter timeout: how long a hub that does not take it is asked again.
    /// - Throws: `HubError` where it has not taken all by then.
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
            return state.problem ?? HubError(.unreachable, "\(url): it has not taken all in time")
        }
        end()
        if let problem { throw problem }
    }

    /// Pushes nothing any more, and keeps nobody waiting.
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
        var pause = Duration.milliseconds(500)
        while true {
            let (target, isDone) = state.withLock { ($0.noted, $0.pushed >= $0.noted || $0.hasEnded) }
            if isDone { return }
            do {
                try await pushOnce()
                await succeed(target)
                pause = .milliseconds(500)
            } catch {
                await fail(error as? HubError ?? HubError(.refused, "\(hub.url): \(Failure(describing: error))"))
                try? await Task.sleep(for: pause)
                pause = min(.seconds(15), pause * 2)
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
            defer { state.problem = nil }
            return (ready, state.problem != nil)
        }
        for waiter in ready { waiter.continuation.resume() }
        if hasRecovered { await observe(.recovered) }
    }

    /// Tells of each problem once.
    private func fail(_ problem: HubError) async {
        let isNew = state.withLock { state in
            defer { state.problem = problem }
            return state.problem?.kind != problem.kind
        }
        if isNew { await observe(.failed(problem)) }
    }
}
