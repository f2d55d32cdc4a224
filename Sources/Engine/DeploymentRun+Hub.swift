internal import Core
internal import Hub
internal import Logging
internal import Store
internal import System

extension DeploymentRun {
    /// Updates the store from the hub, which has the results of the previous dispatcher, and starts pushing.
    ///
    /// - Throws: `HubError`, unless results in the local store count as recorded.
    func beginPushing(_ observe: @escaping @Sendable (RunEvent) async -> Void) async throws -> HubPusher? {
        guard let hub else { return nil }
        var problem: HubError?
        do {
            let replayed = try await BlockingWork.run { [store] in try HubUpdate(hub, store).run() }
            if !replayed.isEmpty { await observe(.hub(.replayed(replayed.map(\.name)))) }
        } catch let error as HubError where hub.durability == .local {
            problem = error
            await observe(.hub(.failed(error)))
        }
        let pusher = HubPusher(hub, store, known: problem) { await observe(.hub($0)) }
        pusher.note()
        return pusher
    }

    /// A function that waits until recorded results may be considered durable, so that their reports can be deleted.
    func published(_ pusher: HubPusher?) -> (@Sendable () async throws -> Void)? {
        guard let pusher, let hub, hub.durability == .pushed else { return nil }
        return { try await pusher.pushed(patience: hub.patience) }
    }

    /// Pushes the remaining commits.
    ///
    /// - Throws: `HubError` if that fails and results count as recorded only in the hub.
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
    /// How long the end of a run waits for the hub, and how long a run waits for a hub that refuses pushes.
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
