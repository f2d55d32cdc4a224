internal import Core
internal import Hub
internal import Logging
internal import Store
internal import System

extension DeploymentRun {
    /// Brings the store up to date with the hub, where the former dispatcher left what it had recorded, and begins to push.
    ///
    /// - Throws: `HubError`, unless results count as recorded where only this store has them.
    func beginPushing(_ observe: @escaping @Sendable (RunEvent) async -> Void) async throws -> HubPusher? {
        guard let hub else { return nil }
        do {
            let replayed = try await BlockingWork.run { [store] in try HubUpdate(hub, store).run() }
            if !replayed.isEmpty { await observe(.hub(.replayed(replayed.map(\.name)))) }
        } catch let error as HubError where hub.durability == .local {
            await observe(.hub(.failed(error)))
        }
        let pusher = HubPusher(hub, store) { await observe(.hub($0)) }
        pusher.note()
        return pusher
    }

    /// What a report waits for before it is dropped.
    func published(_ pusher: HubPusher?) -> (@Sendable () async -> Void)? {
        guard let pusher, hub?.durability == .pushed else { return nil }
        return { await pusher.pushed() }
    }

    /// Pushes what is left.
    ///
    /// - Throws: `HubError` where that fails and results count as recorded only where the hub has them.
    func finishPushing(_ pusher: HubPusher?) async throws {
        guard let pusher, let hub else { return }
        do {
            try await pusher.finish(within: hub.patience)
        } catch let error as HubError where hub.durability == .local {
            logger.debug("not all was pushed", metadata: ["error": "\(error)"])
        }
    }
}

extension Hub {
    /// How long the end of a run waits for the hub.
    fileprivate var patience: Duration { durability == .pushed ? .seconds(60) : .seconds(10) }

    /// Pushes what the hub does not have yet. What it does not accept in time is left for the next run.
    func pushRest(of store: Store) async {
        do {
            try await HubPusher(self, store) { _ in }.finish(within: patience)
        } catch {
            logger.debug("not all was pushed", metadata: ["error": "\(error)"])
        }
    }
}
