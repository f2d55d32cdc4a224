internal import Foundation
internal import Layers
package import Store
internal import Worker

extension StoreVerification {
    /// Adds the damage found in the worker's directory beside the store: layers and root file systems.
    ///
    /// - Parameters:
    ///   - folder: the worker's directory; nothing is added where it does not exist.
    ///   - repair: whether to remove what is damaged, so that it is made again when it is needed.
    package mutating func addWorker(_ folder: String, repair: Bool) throws {
        guard FileManager.default.fileExists(atPath: folder) else { return }
        let worker = try WorkerFolders(folder).verify(repair: repair)
        layers = worker.layers
        environments = worker.environments
        findings += worker.damage.map {
            StoreFinding(.damage, .layer, $0.message, repair: $0.repair, isDone: repair)
        }
        guard repair, !worker.damage.isEmpty else { return }
        remaining += try WorkerFolders(folder).verify(repair: false).damage.map {
            StoreFinding(.damage, .layer, $0.message, repair: $0.repair)
        }
    }
}
