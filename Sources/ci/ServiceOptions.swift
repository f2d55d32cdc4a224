internal import ArgumentParser
internal import Core
internal import Doctor
internal import Etcd
internal import Fetching
internal import Hub
internal import Model
internal import Records
internal import Registry
internal import Store
internal import System

/// Services that several machines share.
struct ServiceOptions: ParsableArguments {
    @Option(help: Settings.coordination.help)
    var coordination: EtcdAddresses?

    @Option(help: Settings.coordinationPrefix.help)
    var coordinationPrefix: String?

    @Option(help: Settings.coordinationUser.help)
    var coordinationUser: String?

    @Option(help: Settings.coordinationPasswordFile.help)
    var coordinationPasswordFile: String?

    @Option(help: Settings.blobs.help)
    var blobs: RegistryAddress?

    @Option(help: Settings.blobMirrors.help)
    var blobMirrors: RegistryMirrors?

    @Option(help: Settings.registryCredentials.help)
    var registryCredentials: String?

    @Option(help: Settings.hub.help)
    var hub: String?

    @Option(help: Settings.hubDurability.help)
    var hubDurability: Hub.Durability?

    @Option(help: Settings.tlsAuthorities.help)
    var tlsAuthorities: String?

    @Option(help: Settings.tlsCertificate.help)
    var tlsCertificate: String?

    @Option(help: Settings.tlsKey.help)
    var tlsKey: String?

    /// Where layers are shared with other machines; nil: nowhere.
    func layers(in configuration: Configuration) throws -> RegistryBlobs? {
        try BlobServices(configuration, self)?.blobs(.layer)
    }

    /// Where root file systems are shared with other machines; nil: nowhere.
    func roots(in configuration: Configuration) throws -> RegistryRoots? {
        guard let services = try BlobServices(configuration, self) else { return nil }
        return RegistryRoots(services.blobs(.environment), claims: try EtcdEphemeralValues(configuration, self))
    }

    /// Gets sources that the store of the dispatcher has; nil where nothing is shared.
    func sharedSource(in configuration: Configuration) throws -> SourceCache.SharedSource? {
        guard let blobs = try BlobServices(configuration, self)?.blobs(.source) else { return nil }
        return { digest, file in
            try await BlockingWork.run { try blobs.get(digest, to: file, limit: 1 << 30) }
        }
    }

    /// Gives the sources of a plan that have no address to the workers of other machines.
    func shareSources(of documents: PlanDocuments, in store: Store, _ configuration: Configuration) async throws {
        guard let blobs = try BlobServices(configuration, self)?.blobs(.source) else { return }
        let sources = try documents.header()?.sources ?? [:]
        let digests = sources.values.filter { $0.hasPrefix("sha256=") }
            .compactMap { Digest(hex: $0.dropFirst("sha256=".count)) }.filter(store.objects.contains)
        guard !digests.isEmpty else { return }
        try await BlockingWork.run { [objects = store.objects] in
            for digest in digests { try blobs.put(digest, archive: objects.path(of: digest)) }
        }
    }

    /// What a worker uses instead of the store's directory; nil where the settings do not name both services that it takes.
    ///
    /// - Parameter cache: the user's; logs of running jobs are in it.
    func workerStore(in configuration: Configuration, cache: String) throws -> WorkerStore? {
        guard let services = try BlobServices(configuration, self),
            let coordination = try EtcdEphemeralValues(configuration, self)
        else { return nil }
        return WorkerStore(
            coordination: coordination, objects: services.objects, logs: services.blobs(.log),
            runningLogs: "\(cache)/jobs/logs")
    }

    /// Tries what the settings name.
    func probes(in configuration: Configuration) throws -> [ServiceProbe] {
        var probes: [ServiceProbe] = []
        if let etcd = try EtcdEphemeralValues(configuration, self) {
            probes.append(ServiceProbe(name: Settings.coordination.key) { try etcd.probe() })
        }
        if let layers = try layers(in: configuration) {
            probes.append(ServiceProbe(name: Settings.blobs.key) { try layers.probe() })
        }
        if let hub = try Hub(configuration, self) {
            probes.append(ServiceProbe(name: Settings.hub.key) { try hub.probe() })
        }
        return probes
    }
}

/// Registries that are only read.
struct RegistryMirrors: ExpressibleByArgument, Sendable {
    let addresses: [RegistryAddress]

    init?(argument: String) {
        let words = argument.split(whereSeparator: \.isWhitespace)
        addresses = words.compactMap { RegistryAddress($0) }
        guard addresses.count == words.count else { return nil }
    }
}

extension RegistryAddress: ExpressibleByArgument {
    init?(argument: String) { self.init(argument) }
}
