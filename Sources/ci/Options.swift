internal import ArgumentParser
internal import Core
internal import Etcd
internal import Fetching
internal import Foundation
internal import HTTP
internal import Matrix
internal import Model
internal import PlanSession
internal import PluginHost
internal import Registry
internal import Review
internal import SSH
internal import Store
internal import System
internal import Worker

/// The output formats of commands that print tables.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
    case text, json, csv
}

/// The output formats of commands that print documents.
enum DocumentFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
    case text, json
}

/// Prints a value as canonical JSON.
func printJSON(_ value: some Encodable) throws {
    StandardOutput.write(json: String(decoding: try CanonicalJSON.encode(value), as: UTF8.self))
}

/// The option for the store's directory.
struct StoreOption: ParsableArguments {
    @Option(Settings.store)
    var flag: String?

    /// The store's directory.
    func path(in configuration: Configuration) throws -> String {
        try Settings.store.value(flag: flag, in: configuration) ?? ".ciso"
    }

    /// Opens the existing store; does not create one.
    ///
    /// - Parameter services: The command's options for services; nil for a command without them.
    func open(_ services: ServiceOptions? = nil) throws -> Store {
        let configuration = try Configuration.current()
        return try Store(opening: path(in: configuration), options: StoreOptions(configuration, services))
    }

    /// Opens the store and reads the results of a deployment; nil selects the only one in the store.
    func results(of deployment: String?) throws -> DeploymentResults {
        try DeploymentResults(store: open(), deployment: deployment, cache: indexCache())
    }

    /// The directory for indexes of stores that cannot be written; nil if there is none.
    func indexCache() throws -> String? { try CacheOption.directory(in: .current()) }
}

/// The options for downloading package sources.
struct SourceOptions: ParsableArguments {
    @Option(Settings.sourceCache)
    var directory: String?

    @Option(Settings.sourceMirrors)
    var mirrors: String?

    @OptionGroup var general: CacheOption

    /// The cache of sources.
    ///
    /// - Parameters:
    ///   - store: The store's directory.
    ///   - blobs: The registries through which machines share sources; nil if there are none.
    ///   - aside: A directory for sources that the cache lacks, so that the cache is not modified.
    func cache(
        in configuration: Configuration, store: String, blobs: BlobServices? = nil,
        readOnlyBeside aside: String? = nil
    ) throws -> SourceCache {
        let given = try Settings.sourceCache.value(flag: directory, in: configuration)
        let directories =
            try given == nil
            ? WorkerDirectories(
                store: store, cache: general.directory(in: configuration, store: store, isRead: aside != nil)) : nil
        let directory = given ?? directories?.sharedSources ?? ""
        if aside == nil {
            try WritableDirectory.check(
                directory, "the cache of sources",
                hint: "set --source-cache, \(Settings.sourceCache.variable) or \(Settings.cache.variable)")
        }
        let mirrors = try Settings.sourceMirrors.value(flag: mirrors, in: configuration) ?? ""
        return SourceCache(
            aside ?? directory, usage: aside == nil ? directories?.usage : nil, others: aside == nil ? [] : [directory],
            objects: "\(store)/ciso/objects", mirrors: mirrors.split(separator: " ").map(String.init),
            download: SourceDownloader(HTTPClient(HTTPSettings(configuration))).download,
            shared: blobs?.sharedSource)
    }
}

/// The locations of local mirrors by the repository URLs in matrices.
struct RepositoryMirrors: Sendable {
    let places: [String: String]

    /// Parses pairs separated by spaces; nil if one of them is none.
    init?(_ text: String) {
        guard let pairs = AddressPairs(text, where: { url, _ in url.contains("://") }) else { return nil }
        places = pairs.addresses
    }
}

/// The options for package repositories.
struct RepositoryOptions: ParsableArguments {
    @Option(Settings.repositoryMirrors)
    var mirrors: RepositoryMirrors?

    func places(in configuration: Configuration) throws -> [String: String] {
        try Settings.repositoryMirrors.value(flag: mirrors, in: configuration)?.places ?? [:]
    }
}

/// The options for the amount of output on standard error.
struct OutputOptions: ParsableArguments {
    @Flag(name: [.long, .customShort("q")], help: "Print only errors on standard error.")
    var quiet = false

    @Flag(name: [.long, .customShort("v")], help: "Print more on standard error.")
    var verbose = false
}

/// The options for running jobs on this machine.
struct RunnerOptions: ParsableArguments {
    @OptionGroup var hosts: HostOptions

    @Option(Settings.pluginPath)
    var pluginPath: String?

    @OptionGroup var sources: SourceOptions

    @OptionGroup var services: ServiceOptions
    @OptionGroup var images: ImageOptions

    @Option(Settings.cacheLimit)
    var cacheLimit: ByteSize?

    @Option(Settings.labels)
    var labels: WorkerLabels?

    /// The plugins on the search path.
    func catalog(_ configuration: Configuration) throws -> PluginCatalog {
        try PluginCatalog(configuration, flag: pluginPath)
    }

    /// A runner that keeps its layers in the store at `path`.
    ///
    /// - Parameter reachesStore: Whether it may use the store's directory; otherwise layers are kept in the cache.
    /// - Throws: `Failure` if a setting is invalid or the runner's directories cannot be created.
    func runner(
        store path: String, reachesStore: Bool = true, catalog: PluginCatalog, _ configuration: Configuration,
        beginLog: @escaping LocalRunner.LogKeeper
    ) throws -> LocalRunner {
        let blobs = try BlobServices(configuration, services)
        let claims = try EtcdEphemeralValues(configuration, services)
        let directories = try directories(store: path, reachesStore: reachesStore, configuration)
        return try LocalRunner(
            directories,
            plugins: catalog, sharedLayers: blobs?.blobs(.layer),
            sharedRoots: blobs.map { RegistryRoots($0.blobs(.environment), claims: claims) },
            images: images.store(in: directories, services, configuration),
            sources: sources.cache(in: configuration, store: path, blobs: blobs),
            hosts: hosts.settings(configuration), environment: configuration.environment,
            cacheLimit: (Settings.cacheLimit.value(flag: cacheLimit, in: configuration) ?? .defaultCacheLimit).bytes,
            beginLog: beginLog)
    }

    /// Loads the inputs of a plan, for commands that plan before they run.
    func planInputs(
        of matrix: MatrixFile, store path: String, catalog: PluginCatalog, _ repositories: RepositoryOptions,
        _ configuration: Configuration
    ) throws -> PlanInputLoader {
        try PlanInputLoader(
            matrix: matrix, catalog: catalog,
            cache: PlanCache(sources.general.directory(in: configuration, store: path)),
            packageSources: sources.cache(in: configuration, store: path),
            images: images.store(
                in: directories(store: path, reachesStore: true, configuration), services, configuration),
            repositoryMirrors: repositories.places(in: configuration), environment: configuration.environment)
    }

    /// The directories of the worker. If machines share the store's directory, jobs write into the cache, because
    /// overlays need a local file system.
    private func directories(
        store path: String, reachesStore: Bool, _ configuration: Configuration
    ) throws -> WorkerDirectories {
        let cache = try sources.general.directory(in: configuration, store: path)
        guard reachesStore else { return WorkerDirectories(withoutStore: cache) }
        guard try Settings.coordination.value(flag: services.coordination, in: configuration) != nil else {
            return WorkerDirectories(store: path, cache: cache)
        }
        return WorkerDirectories("\(cache)/jobs", cache: "\(cache)/worker", archives: "\(path)/ciso/objects")
    }

    /// The registration of a worker in this process.
    ///
    /// - Parameter command: The command that the worker is part of.
    func registration(
        of command: String, store path: String, catalog: PluginCatalog, slots: Int, _ configuration: Configuration
    ) throws -> WorkerRegistration {
        let labels = try Settings.labels.value(flag: labels, in: configuration)?.words ?? []
        return WorkerRegistration(
            name: "\(command) (process \(ProcessInfo.processInfo.processIdentifier))", host: hostName,
            version: ProgramVersion.current, labels: labels.isEmpty ? nil : labels, slots: slots,
            cache: try sources.general.directory(in: configuration, store: path, isRead: true),
            plugins: Set(catalog.found.files.map(\.name)).sorted(),
            hosts: try hosts.settings(configuration).rules.map {
                .init(targets: $0.targets.pattern, hosts: $0.hosts.map(\.description))
            },
            since: Int(Date().timeIntervalSince1970))
    }
}
