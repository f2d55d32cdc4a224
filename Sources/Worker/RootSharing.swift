internal import Core
internal import Layers
internal import Logging
internal import Synchronization
internal import System

/// Downloads a shared root file system, or uploads one that this machine has built.
final class RootSharing: Sendable {
    private let shared: any SharedRoots
    private let store: EnvironmentStore
    private let environment: Digest
    private let claim = Mutex<SharedRootClaim?>(nil)
    /// The maximum size of an archive in bytes.
    private static let limit = 16 << 30

    /// Nil if root file systems are not shared.
    init?(_ shared: (any SharedRoots)?, _ store: EnvironmentStore, _ environment: Digest) {
        guard let shared, EnvironmentStore.canShare else { return nil }
        (self.shared, self.store, self.environment) = (shared, store, environment)
    }

    /// Downloads the root file system into an empty directory, and waits if another machine is building it. If it
    /// cannot be downloaded for any reason, this machine must build it.
    ///
    /// - Returns: Whether it was downloaded.
    func obtain(_ root: String) async throws -> Bool {
        do {
            while true {
                if try await get(root) { return true }
                guard let claim = try await shared.claim(environment) else { continue }
                // It may have been uploaded before the claim succeeded.
                if try await get(root) { return true }
                self.claim.withLock { $0 = claim }
                return false
            }
        } catch let error as CancellationError {
            throw error
        } catch {
            logger.debug("no shared root file system", metadata: ["reason": "\(error)"])
            return false
        }
    }

    private func get(_ root: String) async throws -> Bool {
        let aside = try Files.scratchDirectory(in: store.incoming)
        let archive = "\(aside.path)/root.tar.zst"
        let (shared, store, environment) = (shared, store, environment)
        return try await BlockingWork.run {
            guard try shared.get(environment, to: archive, limit: Self.limit) else { return false }
            try store.unpack(archive, to: root)
            return true
        }
    }

    /// Uploads the root file system if this machine has claimed to build it.
    func share(_ root: String) async {
        guard let claim = claim.withLock({ $0 }) else { return }
        defer { withExtendedLifetime(claim) { self.claim.withLock { $0 = nil } } }
        do {
            let aside = try Files.scratchDirectory(in: store.incoming)
            let archive = "\(aside.path)/root.tar.zst"
            let (shared, store, environment) = (shared, store, environment)
            try await BlockingWork.run {
                try store.pack(root, to: archive)
                try shared.put(environment, archive: archive)
            }
        } catch {
            logger.debug("a root file system is not shared", metadata: ["reason": "\(error)"])
        }
    }
}
