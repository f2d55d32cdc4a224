internal import Archive
internal import Core
internal import Layers
internal import System

extension LocalRunner {
    /// Downloads a layer that this machine lacks from the shared layers.
    ///
    /// - Parameter progress: is called with `pull` if the layer must be downloaded.
    /// - Throws: An error of the category `unavailable` if the download fails. A missing layer is not an error here; it
    ///   is detected on use.
    func obtain(_ layer: Digest, _ progress: @Sendable (String) -> Void) async throws {
        guard let sharedLayers else { return }
        if directories.evictsArchives { try directories.usage.noteUse(.archive, layer) }
        guard !layers.contains(layer) else { return }
        progress("pull")
        let lock = try await layers.lock(building: "get-\(layer)")
        defer { withExtendedLifetime(lock) {} }
        guard !layers.contains(layer) else { return }
        let aside = try Files.scratchDirectory(in: directories.scratch)
        let archive = "\(aside.path)/layer.tar.zst"
        let (layers, limit) = (layers, layers.limits.bytes)
        try await BlockingWork.run {
            if try sharedLayers.get(layer, to: archive, limit: limit) { try layers.add(archive, expected: layer) }
        }
    }

    /// Uploads a layer made on this machine, before its job is reported.
    ///
    /// - Parameter progress: is called with `push` if layers are shared.
    func share(_ layer: Digest, _ progress: @Sendable (String) -> Void) async throws {
        guard let sharedLayers else { return }
        progress("push")
        if directories.evictsArchives { try directories.usage.noteUse(.archive, layer) }
        let archive = layers.object(layer)
        try await BlockingWork.run { try sharedLayers.put(layer, archive: archive) }
        sharedLayerIndex?.add(layer)
    }
}
