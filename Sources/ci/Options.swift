internal import ArgumentParser
internal import Core
internal import Etcd
internal import Fetching
internal import Foundation
internal import HTTP
internal import Model
internal import PluginHost
internal import Registry
internal import Review
internal import SSH
internal import Store
internal import System
internal import Worker

/// How data is printed.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
    case text, json, csv
}

/// How data is printed that is no table.
enum DocumentFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
    case text, json
}

/// Prints a value as canonical JSON.
func printJSON(_ value: some Encodable) throws {
    StandardOutput.write(json: String(decoding: try CanonicalJSON.encode(value), as: UTF8.self))
}

/// Where the store is.
struct StoreOption: ParsableArguments {
    @Option(name: .customLong("store"), help: Settings.store.help)
    var flag: String?

    /// The store's directory.
    func path(in configuration: Configuration) throws -> String {
        try Settings.store.value(flag: flag, in: configuration) ?? ".ciso"
    }

    /// Opens the store that is there; makes none.
    ///
    /// - Parameter services: of the command; nil where it has none.
    func open(_ services: ServiceOptions? = nil) throws -> Store {
        let configuration = try Configuration.current()
        return try Store(opening: path(in: configuration), options: StoreOptions(configuration, services))
    }

    /// Opens the store and reads a deployment; nil: the only one in the store.
    func results(of deployment: String?) throws -> DeploymentResults {
        try DeploymentResults(store: open(), deployment: deployment, cache: indexCache())
    }

    /// Where indexes are kept of stores that cannot be written; nil where there is no such folder.
    func indexCache() throws -> String? { try CacheOption.directory(in: .current()) }
}

/// Where sources of packages come from.
struct SourceOptions: ParsableArguments {
    @Option(name: .customLong("source-cache"), help: Settings.sourceCache.help)
    var folder: String?

    @Option(name: .customLong("source-mirrors"), help: Settings.sourceMirrors.help)
    var mirrors: String?

    @OptionGroup var general: CacheOption

    /// The cache of sources.
    ///
    /// - Parameters:
    ///   - store: The store's directory.
    ///   - blobs: What other machines share sources by; nil: nothing.
    ///   - aside: Where what the cache lacks goes instead, and the cache stays as it is.
    func cache(
        in configuration: Configuration, store: String, blobs: BlobServices? = nil,
        readOnlyBeside aside: String? = nil
    ) throws -> SourceCache {
        let given = try Settings.sourceCache.value(flag: folder, in: configuration)
        let folders =
            try given == nil
            ? WorkerFolders(
                store: store, cache: general.directory(in: configuration, store: store, isRead: aside != nil)) : nil
        let folder = given ?? folders?.sharedSources ?? ""
        if aside == nil {
            try WritableDirectory.check(
                folder, "the cache of sources",
                hint: "set --source-cache, \(Settings.sourceCache.variable) or \(Settings.cache.variable)")
        }
        let mirrors = try Settings.sourceMirrors.value(flag: mirrors, in: configuration) ?? ""
        return SourceCache(
            aside ?? folder, usage: aside == nil ? folders?.usage : nil, others: aside == nil ? [] : [folder],
            objects: "\(store)/ciso/objects", mirrors: mirrors.split(separator: " ").map(String.init),
            download: SourceDownloader(HTTPClient(HTTPSettings(configuration))).download,
            shared: blobs?.sharedSource)
    }
}

/// Places of repositories, by the URL that matrices name.
struct RepositoryMirrors: ExpressibleByArgument, Sendable {
    let places: [String: String]

    init?(argument: String) {
        var places: [String: String] = [:]
        for pair in argument.split(whereSeparator: \.isWhitespace) {
            let parts = pair.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2, parts[0].contains("://") else { return nil }
            places[parts[0]] = parts[1]
        }
        self.places = places
    }
}

/// Where repositories of packages are.
struct RepositoryOptions: ParsableArguments {
    @Option(name: .customLong("repository-mirrors"), help: Settings.repositoryMirrors.help)
    var mirrors: RepositoryMirrors?

    func places(in configuration: Configuration) throws -> [String: String] {
        try Settings.repositoryMirrors.value(flag: mirrors, in: configuration)?.places ?? [:]
    }
}

/// How much is printed on standard error.
struct OutputOptions: ParsableArguments {
    @Flag(name: [.long, .customShort("q")], help: "Print only errors on standard error.")
    var quiet = false

    @Flag(name: [.long, .customShort("v")], help: "Print more on standard error.")
    var verbose = false
}

/// What running jobs on this machine needs.
struct RunnerOptions: ParsableArguments {
    @OptionGroup var hosts: HostOptions

    @Option(name: .customLong("plugin-path"), help: Settings.pluginPath.help)
    var pluginPath: String?

    @OptionGroup var sources: SourceOptions

    @OptionGroup var services: ServiceOptions

    @Option(name: .customLong("cache-limit"), help: Settings.cacheLimit.help)
    var cacheLimit: ByteSize?

    /// The plugins on the search path.
    func catalog(_ configuration: Configuration) throws -> PluginCatalog {
        try PluginCatalog(configuration, flag: pluginPath)
    }

    /// The runner whose layers are objects of the store at `path`.
    ///
    /// - Parameter reachesStore: whether it may use the store's folder; otherwise its layers are in the cache.
    /// - Throws: `Failure` where a setting is wrong or the runner's folders cannot be made.
    func runner(
        store path: String, reachesStore: Bool = true, catalog: PluginCatalog, _ configuration: Configuration,
        beginLog: @escaping LocalRunner.LogKeeper
    ) throws -> LocalRunner {
        let blobs = try BlobServices(configuration, services)
        let claims = try EtcdEphemeralValues(configuration, services)
        return try LocalRunner(
            folders(store: path, reachesStore: reachesStore, configuration),
            plugins: catalog, sharedLayers: blobs?.blobs(.layer),
            sharedRoots: blobs.map { RegistryRoots($0.blobs(.environment), claims: claims) },
            sources: sources.cache(in: configuration, store: path, blobs: blobs),
            hosts: hosts.settings(configuration), environment: configuration.environment,
            cacheLimit: (Settings.cacheLimit.value(flag: cacheLimit, in: configuration) ?? .defaultCacheLimit).bytes,
            beginLog: beginLog)
    }

    /// Where the worker keeps things. On a store that machines share, what jobs write is in the cache: overlays need a file system
    /// of this machine.
    private func folders(
        store path: String, reachesStore: Bool, _ configuration: Configuration
    ) throws -> WorkerFolders {
        let cache = try sources.general.directory(in: configuration, store: path)
        guard reachesStore else { return WorkerFolders(withoutStore: cache) }
        guard try Settings.coordination.value(flag: services.coordination, in: configuration) != nil else {
            return WorkerFolders(store: path, cache: cache)
        }
        return WorkerFolders("\(cache)/jobs", cache: "\(cache)/worker", archives: "\(path)/ciso/objects")
    }

    /// How a worker of this process registers.
    ///
    /// - Parameter command: the command that the worker is part of.
    func registration(
        of command: String, store path: String, catalog: PluginCatalog, slots: Int, _ configuration: Configuration
    ) throws -> WorkerRegistration {
        WorkerRegistration(
            name: "\(command) (process \(ProcessInfo.processInfo.processIdentifier))", host: hostName,
            version: ProgramVersion.current, slots: slots,
            cache: try sources.general.directory(in: configuration, store: path, isRead: true),
            plugins: Set(catalog.found.files.map(\.name)).sorted(),
            hosts: try hosts.settings(configuration).rules.map {
                .init(targets: $0.targets.pattern, hosts: $0.hosts.map(\.description))
            },
            since: Int(Date().timeIntervalSince1970))
    }
}
