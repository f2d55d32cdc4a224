internal import ArgumentParser
internal import Core
internal import Doctor
internal import Foundation
internal import HTTP
internal import Registry
internal import System

/// Services that several machines share.
struct ServiceOptions: ParsableArguments {
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
        let http = HTTPClient(try tls(in: configuration))
        let credentials = try credentials(in: configuration)
        let mirrors = try Settings.blobMirrors.value(flag: blobMirrors, in: configuration)?.addresses ?? []
        return RegistryBlobs(
            RegistryClient(primary, http: http, credentials: credentials),
            mirrors: mirrors.map { RegistryClient($0, http: http, credentials: credentials, patience: .zero) })
    }

    /// Tries what the settings name.
    func probes(in configuration: Configuration) throws -> [ServiceProbe] {
        guard let layers = try layers(in: configuration) else { return [] }
        return [ServiceProbe(name: Settings.blobs.key) { try layers.probe() }]
    }

    /// Whom to trust, and the own certificate.
    func tls(in configuration: Configuration) throws -> HTTPSettings {
        var settings = HTTPSettings(configuration)
        if let file = try Settings.tlsAuthorities.value(flag: tlsAuthorities, in: configuration) {
            settings.authorities = file
        }
        settings.certificate = try Settings.tlsCertificate.value(flag: tlsCertificate, in: configuration)
        settings.key = try Settings.tlsKey.value(flag: tlsKey, in: configuration)
        return settings
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
