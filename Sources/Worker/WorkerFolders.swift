public import Core
public import Layers

/// Where a worker keeps what outlives a job, all below one directory on one file system.
public struct WorkerFolders: Hashable, Sendable {
    /// The directory that holds all others.
    public let root: String

    public init(_ root: String) {
        self.root = root
    }

    /// Root file systems.
    public var environments: String { "\(root)/environments" }
    /// Which environments have an opam client that works.
    public var clients: String { "\(root)/clients" }
    /// Layers, packed and unpacked.
    public var layers: String { "\(root)/layers" }
    /// Which layer holds which set of system packages.
    public var systemLayers: String { "\(root)/system" }
    /// The archives of packages, in the layout of opam's download cache.
    public var sources: String { "\(root)/sources" }
    /// What running jobs write; cleared of what dead processes left.
    public var scratch: String { "\(root)/scratch" }
    /// Logs of running jobs, each in a folder of its attempt; cleared of what dead processes left.
    public var logs: String { "\(root)/logs" }
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
    /// Looks for layers and root file systems that are not as they were made.
    ///
    /// - Parameter repair: removes them, so that they are made again. No job may be running.
    public func verify(repair: Bool) throws(Failure) -> WorkerVerification {
        let (layers, ofLayers) = try LayerStore(self.layers).verify(repair: repair)
        let (environments, ofEnvironments) = try EnvironmentStore(self.environments).verify(repair: repair)
        return WorkerVerification(layers: layers, environments: environments, damage: ofLayers + ofEnvironments)
    }
}
