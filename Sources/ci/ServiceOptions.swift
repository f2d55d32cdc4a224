internal import ArgumentParser
internal import Core
internal import Doctor
internal import Etcd
internal import Foundation
internal import HTTP
internal import Registry
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

    @Option(help: Settings.tlsAuthorities.help)
    var tlsAuthorities: String?

    @Option(help: Settings.tlsCertificate.help)
    var tlsCertificate: String?

    @Option(help: Settings.tlsKey.help)
    var tlsKey: String?

    /// Where layers are shared with other machines; nil: nowhere.
    func layers(in configuration: Configuration) throws -> RegistryBlobs? {
        guard let primary = try Settings.blobs.value(flag: blobs, in: configuration) else { return nil }
        let http = HTTPClient(try HTTPSettings(configuration, self))
        let credentials = try credentials(in: configuration)
        let mirrors = try Settings.blobMirrors.value(flag: blobMirrors, in: configuration)?.addresses ?? []
        return RegistryBlobs(
            RegistryClient(primary, http: http, credentials: credentials),
            mirrors: mirrors.map { RegistryClient($0, http: http, credentials: credentials, timeout: .zero) })
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
        return probes
    }

    /// The users and passwords of the file that is named, else of docker's own, if there is one.
    private func credentials(in configuration: Configuration) throws -> RegistryCredentials {
        if let file = try Settings.registryCredentials.value(flag: registryCredentials, in: configuration) {
            return try RegistryCredentials(file: file)
        }
        let folder =
            configuration.environment["DOCKER_CONFIG"] ?? configuration.environment["HOME"].map { "\($0)/.docker" }
        guard let folder, FileManager.default.fileExists(atPath: "\(folder)/config.json") else {
            return RegistryCredentials()
        }
        return try RegistryCredentials(file: "\(folder)/config.json")
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
