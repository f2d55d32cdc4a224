internal import ArgumentParser
internal import Core
internal import Doctor
internal import Etcd
internal import Hub
internal import Model
internal import PlanSession
internal import Records
internal import Registry
internal import Store
internal import System

/// The options for services that several machines share.
struct ServiceOptions: ParsableArguments {
    @Option(Settings.coordination)
    var coordination: EtcdAddresses?

    @Option(Settings.coordinationPrefix)
    var coordinationPrefix: String?

    @Option(Settings.coordinationUser)
    var coordinationUser: String?

    @Option(Settings.coordinationPasswordFile)
    var coordinationPasswordFile: String?

    @Option(Settings.blobs)
    var blobs: RegistryAddress?

    @Option(Settings.blobMirrors)
    var blobMirrors: RegistryMirrors?

    @Option(Settings.registryCredentials)
    var registryCredentials: String?

    @Option(Settings.hub)
    var hub: String?

    @Option(Settings.hubDurability)
    var hubDurability: Hub.Durability?

    @Option(Settings.tlsAuthorities)
    var tlsAuthorities: String?

    @Option(Settings.tlsCertificate)
    var tlsCertificate: String?

    @Option(Settings.tlsKey)
    var tlsKey: String?

    /// Uploads sources of a plan that have no URL, so that workers on other machines can use them.
    func share(sourcesOf header: PlanHeader, in store: Store, _ configuration: Configuration) async throws {
        guard let blobs = try BlobServices(configuration, self)?.blobs(.source) else { return }
        let digests = header.sourceDigests.filter(store.objects.contains)
        guard !digests.isEmpty else { return }
        try await BlockingWork.run { [objects = store.objects] in
            for digest in digests { try blobs.put(digest, archive: objects.path(of: digest)) }
        }
    }

    /// The services that a worker uses instead of the store's directory; nil unless the settings name both of them.
    ///
    /// - Parameter cache: The user's cache, which holds the logs of running jobs.
    func workerStore(in configuration: Configuration, cache: String) throws -> WorkerStore? {
        guard let services = try BlobServices(configuration, self),
            let coordination = try EtcdEphemeralValues(configuration, self)
        else { return nil }
        return WorkerStore(
            coordination: coordination, objects: services.objects, logs: services.blobs(.log),
            runningLogs: "\(cache)/jobs/logs")
    }

    /// Probes of the services that the settings name.
    func probes(in configuration: Configuration, _ hosts: HostOptions) throws -> [ServiceProbe] {
        var probes: [ServiceProbe] = []
        if let etcd = try EtcdEphemeralValues(configuration, self) {
            probes.append(ServiceProbe(name: Settings.coordination.key) { try etcd.probe() })
        }
        if let layers = try BlobServices(configuration, self)?.blobs(.layer) {
            probes.append(ServiceProbe(name: Settings.blobs.key) { try layers.probe() })
        }
        if let hub = try Hub(configuration, self, hosts) {
            probes.append(ServiceProbe(name: Settings.hub.key) { try hub.probe() })
        }
        return probes
    }
}

/// Read-only registries.
struct RegistryMirrors: Sendable {
    let addresses: [RegistryAddress]

    /// Parses addresses separated by spaces; nil if one of them is none.
    init?(_ text: String) {
        let words = text.split(whereSeparator: \.isWhitespace)
        addresses = words.compactMap { RegistryAddress($0) }
        guard addresses.count == words.count else { return nil }
    }
}
