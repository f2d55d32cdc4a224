public import Core
public import Layers

/// Where a worker keeps what outlives a job.
///
/// Archives of layers belong to a store, which collects them; running jobs write beside it. Everything else can be made again
/// and is a cache, which all stores of a user share.
public struct WorkerFolders: Hashable, Sendable {
    /// What running jobs write.
    public let root: String
    /// What can be made again.
    public let cache: String
    /// The archives of layers that jobs left.
    public let archives: String
    /// The sources that were fetched for all stores of the user; nil where they are not this cache's.
    public let sharedSources: String?

    /// - Parameters:
    ///   - root: where running jobs write.
    ///   - cache: where root file systems and unpacked layers are kept; nil: in `root`.
    ///   - archives: where layers are kept; nil: in `root`.
    ///   - sharedSources: a cache of sources that is bounded together with this one.
    public init(_ root: String, cache: String? = nil, archives: String? = nil, sharedSources: String? = nil) {
        self.root = root
        self.cache = cache ?? root
        self.archives = archives ?? "\(root)/layers/objects"
        self.sharedSources = sharedSources
    }

    /// The folders of a worker that runs the jobs of the store at `store`.
    ///
    /// - Parameter cache: the user's, with more than a worker's things in it.
    public init(store: String, cache: String) {
        self.init(
            "\(store)/ciso/worker", cache: "\(cache)/worker", archives: "\(store)/ciso/objects",
            sharedSources: "\(cache)/sources")
    }

    /// The folders of a worker that does not reach the folder of its store: archives of layers are a part of the cache, for
    /// other machines have them, too.
    ///
    /// - Parameter cache: the user's, with more than a worker's things in it.
    public init(withoutStore cache: String) {
        self.init(
            "\(cache)/jobs", cache: "\(cache)/worker", archives: "\(cache)/worker/archives",
            sharedSources: "\(cache)/sources")
    }

    /// Whether the archives of layers can be had again from elsewhere.
    var evictsArchives: Bool { archives == "\(cache)/archives" }

    /// Root file systems.
    public var environments: String { "\(cache)/environments" }
    /// Which environments have an opam client that works.
    public var clients: String { "\(cache)/clients" }
    /// Layers of OCI images, as they come from registries.
    public var images: String { "\(cache)/images" }
    /// Unpacked layers.
    public var layers: String { "\(cache)/layers" }
    /// Which layer holds which set of system packages, and the archives of those layers.
    public var systemLayers: String { "\(cache)/system" }
    /// The archives of packages, in the layout of opam's download cache.
    public var sources: String { "\(root)/sources" }
    /// What running jobs write; cleared of what dead processes left.
    public var scratch: String { "\(root)/scratch" }
    /// Logs that belong to no job.
    public var logs: String { "\(root)/logs" }

    /// Tells what of the cache is in use.
    public var usage: CacheUsage { CacheUsage(cache) }
    /// The layers that jobs left.
    public var layerStore: LayerStore { LayerStore(layers, archives: archives, usage: usage) }
    /// The layers of system packages.
    public var systemLayerStore: LayerStore {
        LayerStore(layers, archives: "\(systemLayers)/archives", usage: usage)
    }
    public var environmentStore: EnvironmentStore { EnvironmentStore(environments, usage: usage) }
}

/// What a verification of a worker's folders looked at and found.
public struct WorkerVerification: Sendable {
    /// How many layers were examined.
    public var layers = 0
    /// How many root file systems were examined.
    public var environments = 0
    /// What is damaged.
    public var damage: [StoredDamage] = []
}

extension WorkerFolders {
    /// Looks for cached layers and root file systems that are not as they were made.
    ///
    /// - Parameter repair: removes them, so that they are made again. No job may be running.
    public func verify(repair: Bool) throws(Failure) -> WorkerVerification {
        let (layers, ofLayers) = try layerStore.verify(with: [systemLayerStore], repair: repair)
        let (environments, ofEnvironments) = try environmentStore.verify(repair: repair)
        return WorkerVerification(
            layers: layers, environments: environments,
            damage: systemLayerStore.verifyArchives(repair: repair) + ofLayers + ofEnvironments)
    }
}
