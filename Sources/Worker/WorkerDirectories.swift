public import Core
public import Layers
package import Machines

/// The directories of a worker for files that outlive a job.
///
/// Archives of layers belong to a store, which garbage-collects them; running jobs write next to it. Everything else
/// can be recreated and is in a cache shared by all stores of a user.
public struct WorkerDirectories: Hashable, Sendable {
    /// The directory that running jobs write to.
    public let root: String
    /// The directory of the cache.
    public let cache: String
    /// The directory of the archives of layers.
    public let archives: String
    /// The directory of fetched sources for all stores of the user; nil if they are not in this cache.
    public let sharedSources: String?

    /// - Parameters:
    ///   - root: The directory that running jobs write to.
    ///   - cache: The directory of root file systems and unpacked layers; nil for `root`.
    ///   - archives: The directory of archives of layers; nil for one in `root`.
    ///   - sharedSources: A cache of sources that is subject to the same size limit.
    public init(_ root: String, cache: String? = nil, archives: String? = nil, sharedSources: String? = nil) {
        self.root = root
        self.cache = cache ?? root
        self.archives = archives ?? "\(root)/layers/objects"
        self.sharedSources = sharedSources
    }

    /// The directories of a worker that runs jobs of the store at `store`.
    ///
    /// - Parameter cache: The user's cache, which also contains other files.
    public init(store: String, cache: String) {
        self.init(
            "\(store)/ciso/worker", cache: "\(cache)/worker", archives: "\(store)/ciso/objects",
            sharedSources: "\(cache)/sources")
    }

    /// The directories of a worker without access to its store's directory: archives of layers are part of the cache,
    /// because they are also stored in the registry.
    ///
    /// - Parameter cache: The user's cache, which also contains other files.
    public init(withoutStore cache: String) {
        self.init(
            "\(cache)/jobs", cache: "\(cache)/worker", archives: "\(cache)/worker/archives",
            sharedSources: "\(cache)/sources")
    }

    /// Whether archives of layers may be evicted, because they can be downloaded again.
    var evictsArchives: Bool { archives == "\(cache)/archives" }

    /// The directory of root file systems.
    public var environments: String { "\(cache)/environments" }
    /// The directory with markers of environments whose opam client works.
    public var clients: String { "\(cache)/clients" }
    /// The directory of layers of OCI images, as downloaded from registries.
    public var images: String { "\(cache)/images" }
    /// The directory of prepared virtual machines.
    public var machines: String { "\(cache)/machines" }
    /// The directory of unpacked layers.
    public var layers: String { "\(cache)/layers" }
    /// The directory with the archives of layers of system packages, and the index from package sets to layers.
    public var systemLayers: String { "\(cache)/system" }
    /// The directory of package sources, in the layout of opam's download cache.
    public var sources: String { "\(root)/sources" }
    /// The scratch directory of running jobs, which is cleared of files of dead processes.
    public var scratch: String { "\(root)/scratch" }
    /// The directory of logs that belong to no job.
    public var logs: String { "\(root)/logs" }

    /// The record of cache entries in use.
    public var usage: CacheUsage { CacheUsage(cache) }
    /// The store of layers of jobs.
    public var layerStore: LayerStore { LayerStore(layers, archives: archives, usage: usage) }
    /// The store of layers of system packages.
    public var systemLayerStore: LayerStore {
        LayerStore(layers, archives: "\(systemLayers)/archives", usage: usage)
    }
    /// The store of prepared virtual machines.
    package var machineStore: MachineStore { MachineStore(machines, usage: usage) }
    public var environmentStore: EnvironmentStore { EnvironmentStore(environments, usage: usage) }
}

/// The result of verifying a worker's directories.
public struct WorkerVerification: Sendable {
    /// The number of examined layers.
    public var layers = 0
    /// The number of examined root file systems.
    public var environments = 0
    /// The damage found.
    public var damage: [StoredDamage] = []
}

extension WorkerDirectories {
    /// Finds damaged layers and root file systems in the cache.
    ///
    /// - Parameter repair: Whether to remove them, so that they are rebuilt. Must be false while jobs are running.
    public func verify(repair: Bool) throws(Failure) -> WorkerVerification {
        let (layers, ofLayers) = try layerStore.verify(with: [systemLayerStore], repair: repair)
        let (environments, ofEnvironments) = try environmentStore.verify(repair: repair)
        return WorkerVerification(
            layers: layers, environments: environments,
            damage: systemLayerStore.verifyArchives(repair: repair) + ofLayers + ofEnvironments)
    }
}
