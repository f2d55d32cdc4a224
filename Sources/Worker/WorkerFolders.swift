/// Where a worker keeps what outlives a job, all below one directory on one file system.
public struct WorkerFolders: Hashable, Sendable {
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
    /// Logs of running jobs, by job.
    public var logs: String { "\(root)/logs" }
}
