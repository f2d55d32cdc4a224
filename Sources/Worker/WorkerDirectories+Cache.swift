public import Core
internal import Fetching
internal import Glibc
internal import Images
public import Layers
internal import Machines
internal import System

/// The contents of a worker's cache, and its eviction.
extension WorkerDirectories {
    /// All entries of the cache that can be evicted.
    public var cacheEntries: [CacheUsage.Entry] {
        let (layers, environments) = (layerStore, environmentStore)
        func places(_ digests: [Digest], _ directory: String) -> [Digest: String] {
            Dictionary(uniqueKeysWithValues: digests.map { ($0, "\(directory)/\($0)") })
        }
        return usage.entries(.layer, places(layers.unpackedLayers, layers.directory))
            + usage.entries(.environment, places(environments.digests, environments.directory))
            + usage.entries(.system, systemLayerStore.listArchives().layers)
            + usage.entries(.source, cachedSources.mapValues(\.path))
            + usage.entries(.image, ImageStore(images).blobs)
            + usage.entries(.machine, places(machineStore.digests, machines))
            + usage.entries(.archive, evictsArchives ? layers.listArchives().layers : [:])
    }

    private var cachedSources: [Digest: SourceCacheEntry] {
        let entries = sharedSources.map { SourceCacheEntry.all(in: $0) } ?? []
        return Dictionary(entries.map { ($0.digest, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Removes the least recently used entries that no running process may be using, until the rest takes at most
    /// `limit` bytes.
    ///
    /// - Returns: The removed entries.
    @discardableResult
    public func trimCache(to limit: Int) throws(Failure) -> [CacheUsage.Entry] {
        let (layers, environments, system) = (layerStore, environmentStore, systemLayerStore)
        let machines = machineStore
        let sources = cachedSources
        return try usage.evict(cacheEntries, to: limit) { entry throws(Failure) in
            switch entry.kind {
            case .layer: try layers.discard(entry.digest)
            case .environment: try environments.discard(entry.digest)
            case .system: system.removeArchive(entry.digest)
            case .archive: layers.removeArchive(entry.digest)
            case .image: ImageStore(images).remove(entry.digest)
            case .machine: try machines.discard(entry.digest)
            case .source: try sources[entry.digest]?.remove()
            }
        }
    }

    /// Moves entries from the layout of older versions next to the store: archives, and root file systems that the
    /// cache lacks. Other entries are rebuilt.
    func adoptOlderLayout() throws(Failure) {
        let old = "\(root)/layers/objects"
        guard cache != root, access(old, F_OK) == 0 else { return }
        for shard in names(in: old) {
            for name in names(in: "\(old)/\(shard)") where name.hasSuffix(".tar.zst") {
                guard let digest = Digest(hex: String(name.dropLast(".tar.zst".count))) else { continue }
                // Damaged archives are skipped; their layers are rebuilt.
                try? layerStore.add("\(old)/\(shard)/\(name)", expected: digest)
            }
        }
        if access(environments, F_OK) != 0 { rename("\(root)/environments", environments) }
        let aside = try Files.scratchDirectory(in: scratch)
        for name in ["layers", "environments", "clients", "system"] {
            rename("\(root)/\(name)", "\(aside.path)/\(name)")
        }
    }
}
