internal import Core
internal import Foundation
internal import Model
internal import Pages
internal import Review
internal import Store
internal import Synchronization
internal import System

/// The current site with its rendered pages. It is reloaded when a watch of the store reports a change.
final class LiveSite: Sendable {
    private struct State {
        var site: Site
        var generation: UInt64 = 1
        var cache = PageCache()
        /// Pages that are being rendered; concurrent requests for the same page share the task.
        var rendering: [String: Task<CachedPage?, any Error>] = [:]
        var lastRefresh = Duration.zero
        /// Why the store could not be read the last time, and since when, in seconds since 1970; nil if it could.
        var failure: (reason: String, since: Int)?
        var feed: ResultFeed?
        var feedTargets: [String] = []
        var activity: ActivityFeed?
        var branches: BranchWatch?
    }

    private let store: Store
    private let settings: ServerSettings
    private let events: EventHub
    private let state: Mutex<State>
    /// The number of pages rendered so far.
    private let rendered = Atomic(0)
    private let changes: (stream: AsyncStream<Void>, continuation: AsyncStream<Void>.Continuation)

    init(_ store: Store, _ settings: ServerSettings, _ events: EventHub) throws {
        (self.store, self.settings, self.events) = (store, settings, events)
        state = Mutex(State(site: try Self.read(store, settings)))
        changes = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    private static func read(_ store: Store, _ settings: ServerSettings, after earlier: Site? = nil) throws -> Site {
        let results = try DeploymentResults(store: store, deployment: settings.deployment, cache: settings.cache)
        return try Site(results, options: SiteOptions(isLive: true, address: settings.address), after: earlier)
    }

    // MARK: Pages

    /// The current page at a path; nil if there is none.
    ///
    /// - Throws: `StoreError`, `Failure`.
    func page(at path: String) async throws -> CachedPage? {
        let answer = state.withLock { state -> (CachedPage?, Task<CachedPage?, any Error>?) in
            if let known = state.cache[path] { return (known, nil) }
            if let task = state.rendering[path] { return (nil, task) }
            let (site, generation) = (state.site, state.generation)
            let task = Task.detached { [self] in try await render(path, of: site, generation) }
            state.rendering[path] = task
            return (nil, task)
        }
        if let known = answer.0 { return known }
        return try await answer.1?.value
    }

    private func render(_ path: String, of site: Site, _ generation: UInt64) async throws -> CachedPage? {
        defer {
            state.withLock { state in
                // A later generation may be rendering its own page at this address.
                if state.generation == generation { state.rendering[path] = nil }
            }
        }
        let page = try await BlockingWork.run { [self] in
            defer { limitMemory(site) }
            return try Self.rendered(path, of: site)
        }
        guard let page else { return nil }
        // The queue changes without a new generation, so its pages are not cached.
        if !path.hasSuffix("queue.html"), path != Site.interface + "queue" {
            state.withLock { state in
                if state.generation == generation { state.cache.insert(page, at: path) }
            }
        }
        return page
    }

    /// Releases caches if the process takes too much memory, which is determined once for several pages.
    private func limitMemory(_ site: Site) {
        let count = rendered.add(1, ordering: .relaxed).newValue
        guard count.isMultiple(of: ServerLimits.pagesPerCheck), let bytes = ResidentMemory.bytes,
            bytes > ServerLimits.memory
        else { return }
        Self.releaseMemory(site)
    }

    private static func releaseMemory(_ site: Site) {
        site.deploymentResults.releaseCaches()
        ResidentMemory.trim()
    }

    private static func rendered(_ path: String, of site: Site) throws -> CachedPage? {
        let page =
            path.hasPrefix(Site.interface)
            ? try site.document(at: path)
            : path.hasSuffix(".txt") ? try site.logText(at: path) : try site.page(at: path)
        return page.map { CachedPage($0) }
    }

    // MARK: Following

    /// Reloads the site whenever the store changes, but spends at most a fifth of the time on it.
    func follow() {
        let changes = changes
        state.withLock { state in
            state.branches = store.watchBranches(prefix: "") { changes.continuation.yield() }
            state.activity = ActivityFeed(of: store) { [events] _ in events.queueChanged() }
        }
        followResults()
        Task.detached { [self] in
            await prepare()
            Self.releaseMemory(state.withLock(\.site))
            for await _ in changes.stream {
                let start = ContinuousClock.now
                await refresh()
                try? await Task.sleep(for: max(.milliseconds(500), (ContinuousClock.now - start) * 4))
            }
        }
    }

    private func refresh() async {
        let start = ContinuousClock.now
        do {
            let earlier = state.withLock(\.site)
            let site = try await BlockingWork.run { [self] in try Self.read(store, settings, after: earlier) }
            state.withLock { state in
                state.site = site
                state.generation += 1
                state.cache = PageCache()
                state.rendering = [:]
                state.failure = nil
                state.lastRefresh = ContinuousClock.now - start
            }
            followResults()
            await prepare()
            Self.releaseMemory(site)
            events.siteChanged()
        } catch {
            let reason = Failure(describing: error).description
            state.withLock { $0.failure = ($0.failure.map { (reason, $0.since) }) ?? (reason, Self.now) }
            // Retry: the store may become readable without a further change.
            changes.continuation.yield()
        }
    }

    /// Renders the most requested pages in advance.
    private func prepare() async {
        for path in ["index.html", "grid.html", "causes.html"] { _ = try? await page(at: path) }
    }

    /// Watches the results of the targets in the current plan.
    private func followResults() {
        let (results, known) = state.withLock { ($0.site.deploymentResults, $0.feedTargets) }
        let targets = results.header.targets.map(\.name).sorted()
        guard targets != known else { return }
        let feed = try? ResultFeed(of: results) { [events] result in
            events.add(
                EventHub.ResultEvent(
                    cell: result.cell.description.displayableOnOneLine,
                    words: result.outcome.words(in: result.phase, result.change),
                    signature: result.signature.map { String($0.displayableOnOneLine.prefix(300)) }))
        }
        let old = state.withLock { state in
            defer { (state.feed, state.feedTargets) = (feed, feed == nil ? [] : targets) }
            return state.feed
        }
        old?.cancel()
    }

    static var now: Int { Int(Date().timeIntervalSince1970) }

    // MARK: Numbers

    /// The data reported by `/healthz` and `/metrics`.
    struct Health: Sendable {
        var generation: UInt64
        var cells: [String: Int]
        var run: Int
        var cachedPages: Int
        var cachedBytes: Int
        var lastRefresh: Duration
        /// Why the store has been unreadable for more than a minute; nil if it has not.
        var failure: String?
    }

    var health: Health {
        state.withLock { state in
            let failure = state.failure.flatMap { Self.now - $0.since > 60 ? $0.reason : nil }
            return Health(
                generation: state.generation, cells: state.site.counts, run: state.site.newestRun ?? 0,
                cachedPages: state.cache.count, cachedBytes: state.cache.bytes, lastRefresh: state.lastRefresh,
                failure: failure)
        }
    }

    /// The results at this moment, for a change request.
    func currentResults() throws -> DeploymentResults {
        try DeploymentResults(store: store, deployment: settings.deployment, cache: settings.cache)
    }
}
