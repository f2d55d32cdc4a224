package import Core
internal import Foundation
internal import System

/// The hosts reached by ssh, their use by jobs, and their failures.
///
/// Each host is used by one job at a time: installed files contain the path of their directory, which is the same for
/// all jobs of a target. More jobs at a time need more logins, each with a separate file system.
package actor RemoteHosts {
    /// The state of a host.
    private struct State {
        var isTaken = false
        /// The number of failed attempts since the last successful one.
        var failures = 0
        var retryAt: ContinuousClock.Instant?
        var downSince: ContinuousClock.Instant?
        /// Whether the host will refuse for the rest of the run.
        var isPermanent = false
        var reason = ""
        /// Environments that the host cannot serve in this run, with the reasons.
        var unsuitable: [Digest: String] = [:]
        var lastUsed: ContinuousClock.Instant?
    }

    /// The settings of the hosts.
    package let settings: HostSettings
    /// How long a host that failed is not used.
    private static let backoff = ExponentialBackoff(.seconds(1), limit: .seconds(60))
    /// The maximum time for which a job waits for a host that another process uses.
    private static let longestWait = Duration.seconds(6 * 3600)
    private var states: [HostAddress: State] = [:]
    /// The tasks that wait for a host.
    private var waiters: [UUID: AsyncStream<Void>.Continuation] = [:]
    private let clock = ContinuousClock()

    package init(_ settings: HostSettings) {
        self.settings = settings
    }

    package nonisolated func hosts(of target: HostedTarget) throws(Failure) -> [HostAddress] {
        try settings.hosts(of: target.name, planned: target.planned)
    }

    /// Waits for a free host of `target` and calls `body` with it. After a failure that is not the package's fault, the
    /// host is not used for a while, longer each time.
    ///
    /// - Throws: `Failure` if the target has no host, or none responds; the error of `body`.
    package func use<Value: Sendable>(
        for target: HostedTarget, progress: @Sendable (String) -> Void,
        _ body: @Sendable (HostAddress) async throws -> Value
    ) async throws -> Value {
        let start = clock.now
        while true {
            let host = try await take(target, progress)
            do {
                let value = try await body(host)
                release(host)
                return value
            } catch let refusal as RemoteRefusal where refusal.kind == .taken {
                // Another process of ours uses it, or the host has not noticed the end of a session yet.
                states[host, default: State()].isTaken = false
                states[host]?.retryAt = clock.now + .seconds(1)
                wakeWaiters()
                if clock.now - start > Self.longestWait { throw refusal.failure }
                progress("waiting for \(host.destination)")
            } catch let refusal as RemoteRefusal where refusal.kind == .unsuitable {
                // It may still serve another target.
                states[host, default: State()].isTaken = false
                states[host]?.unsuitable[target.environment] = refusal.description
                wakeWaiters()
            } catch let refusal as RemoteRefusal {
                // The job has not begun, so it can use another host immediately.
                release(host, failed: refusal.description, isPermanent: refusal.kind.isPermanent)
            } catch {
                release(host, failed: Self.blamesHost(error) ? "\(error)" : nil)
                throw error
            }
        }
    }

    private func take(_ target: HostedTarget, _ progress: @Sendable (String) -> Void) async throws -> HostAddress {
        let hosts = try hosts(of: target)
        guard !hosts.isEmpty else {
            throw Failure(
                .unavailable, "target '\(target.name)' runs on a host reached by ssh, and none is known",
                hint: "name one in the matrix, 'run: ssh://HOST', or by the setting 'hosts'")
        }
        var hasReported = false
        while true {
            try Task.checkCancellation()
            let now = clock.now
            let free = hosts.filter { host in
                let state = states[host] ?? State()
                return !state.isTaken && !state.isPermanent && state.unsuitable[target.environment] == nil
                    && state.retryAt.map { $0 <= now } ?? true
            }
            if let best = free.min(by: precedes) {
                states[best, default: State()].isTaken = true
                states[best]?.lastUsed = now
                return best
            }
            try checkAvailability(hosts, target, now)
            if !hasReported { progress("waiting for a host") }
            hasReported = true
            try await waitForChange(until: nextLook(at: hosts, now))
        }
    }

    /// The next time at which a host may become available without being released: one can be retried, or was down for
    /// too long.
    private func nextLook(at hosts: [HostAddress], _ now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        hosts.compactMap { states[$0] }.flatMap { state in
            [state.retryAt, state.downSince.map { $0 + settings.hostWait + .milliseconds(1) }].compactMap(\.self)
        }.filter { $0 > now }.min()
    }

    /// Waits until a host is released, or until `deadline`.
    private func waitForChange(until deadline: ContinuousClock.Instant?) async throws {
        let id = UUID()
        let (changes, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        waiters[id] = continuation
        defer { waiters[id] = nil }
        let timer = deadline.map { deadline in
            Task {
                try await Task.sleep(until: deadline, clock: .continuous)
                continuation.finish()
            }
        }
        defer { timer?.cancel() }
        var iterator = changes.makeAsyncIterator()
        await iterator.next()
        try Task.checkCancellation()
    }

    private func wakeWaiters() {
        for waiter in waiters.values { waiter.yield() }
    }

    /// The host with the fewest failures comes first, then the least recently used.
    private func precedes(_ left: HostAddress, _ right: HostAddress) -> Bool {
        let (left, right) = (states[left] ?? State(), states[right] ?? State())
        guard left.failures == right.failures else { return left.failures < right.failures }
        guard let other = right.lastUsed else { return false }
        return left.lastUsed.map { $0 < other } ?? true
    }

    /// - Throws: `Failure` if every host has been down for longer than `host-wait`; `PermanentFailure` if waiting
    ///   cannot help.
    private func checkAvailability(_ hosts: [HostAddress], _ target: HostedTarget, _ now: ContinuousClock.Instant)
        throws
    {
        let down = hosts.compactMap { host -> (reason: String, time: Duration, isPermanent: Bool)? in
            guard let state = states[host] else { return nil }
            if let reason = state.unsuitable[target.environment] { return (reason, .zero, true) }
            guard !state.isTaken, let since = state.downSince else { return nil }
            return (state.reason, now - since, state.isPermanent)
        }
        let isOver = down.allSatisfy { $0.isPermanent || $0.time > settings.hostWait }
        guard down.count == hosts.count, isOver else { return }
        let reasons = down.map { host in
            host.reason + (host.time > .seconds(5) ? " (down for \(host.time.components.seconds) s)" : "")
        }
        let failure = Failure(
            .unavailable, "no host of '\(target.name)' can be used: \(reasons.joined(separator: "; "))")
        if down.allSatisfy(\.isPermanent) { throw PermanentFailure(failure) }
        throw failure
    }

    private func release(_ host: HostAddress, failed reason: String? = nil, isPermanent: Bool = false) {
        var state = states[host] ?? State()
        state.isTaken = false
        state.isPermanent = isPermanent
        if let reason {
            state.failures += 1
            state.reason = reason
            state.downSince = state.downSince ?? clock.now
            state.retryAt = clock.now + Self.backoff.delay(after: state.failures)
        } else {
            (state.failures, state.downSince) = (0, nil)
        }
        states[host] = state
        wakeWaiters()
    }

    private static func blamesHost(_ error: any Error) -> Bool {
        switch error {
        case is CancellationError: false
        case let error as Failure: error.category == .unavailable
        default: false
        }
    }
}

extension RemoteRefusal.Kind {
    /// Whether the host will refuse again, however long one waits.
    fileprivate var isPermanent: Bool {
        switch self {
        case .wrongKey, .noLogin: true
        case .unreachable, .unready, .taken, .unsuitable: false
        }
    }
}
