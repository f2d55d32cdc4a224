internal import Foundation
internal import Layers
package import Store
internal import Worker

extension StoreVerification {
    /// Adds the damage found in the worker's cache: unpacked layers and root file systems.
    ///
    /// - Parameters:
    ///   - store: The store's directory.
    ///   - cache: The directory of the cache. Nothing is added if no worker has used it.
    ///   - repair: Whether to remove damaged entries, which are recreated when they are needed.
    package mutating func addWorker(ofStore store: String, cache: String, repair: Bool) throws {
        let directories = WorkerDirectories(store: store, cache: cache)
        guard FileManager.default.fileExists(atPath: directories.cache) else { return }
        let worker = try directories.verify(repair: repair)
        layers = worker.layers
        environments = worker.environments
        findings += worker.damage.map {
            StoreFinding(.damage, .layer, $0.message, repair: $0.repair, isDone: repair)
        }
        guard repair, !worker.damage.isEmpty else { return }
        remaining += try directories.verify(repair: false).damage.map {
            StoreFinding(.damage, .layer, $0.message, repair: $0.repair)
        }
    }
}
