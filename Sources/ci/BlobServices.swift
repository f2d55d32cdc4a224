internal import Core
internal import Fetching
internal import Foundation
internal import HTTP
internal import Registry
internal import Store
internal import System

/// The registries named by the settings.
struct BlobServices {
    private let primary: RegistryClient
    private let mirrors: [RegistryClient]

    /// Nil if the settings name no registry.
    ///
    /// - Parameter flags: The command's options; nil for a command without them.
    init?(_ configuration: Configuration, _ flags: ServiceOptions?) throws {
        guard let address = try Settings.blobs.value(flag: flags?.blobs, in: configuration) else { return nil }
        let http = HTTPClient(try HTTPSettings(configuration, flags))
        let credentials = try Self.credentials(configuration, flags)
        primary = RegistryClient(address, http: http, credentials: credentials)
        mirrors = (try Settings.blobMirrors.value(flag: flags?.blobMirrors, in: configuration)?.addresses ?? []).map {
            RegistryClient($0, http: http, credentials: credentials, timeout: .zero)
        }
    }

    /// The shared blobs of a kind.
    func blobs(_ kind: RegistryBlobs.Kind) -> RegistryBlobs { RegistryBlobs(primary, mirrors: mirrors, kind: kind) }

    /// Downloads sources that the dispatcher's store has.
    var sharedSource: SourceCache.SharedSource {
        let blobs = blobs(.source)
        return { digest, file in
            try await BlockingWork.run { try blobs.get(digest, to: file, limit: 1 << 30) }
        }
    }

    /// Requests to workers, which are short-lived.
    var objects: RegistryObjects { RegistryObjects(primary) }

    /// The credentials of the configured file, or else of docker's own file if it exists.
    static func credentials(
        _ configuration: Configuration, _ flags: ServiceOptions?
    ) throws -> RegistryCredentials {
        if let file = try Settings.registryCredentials.value(flag: flags?.registryCredentials, in: configuration) {
            return try RegistryCredentials(file: file)
        }
        let directory =
            configuration.environment["DOCKER_CONFIG"] ?? configuration.environment["HOME"].map { "\($0)/.docker" }
        guard let directory, FileManager.default.fileExists(atPath: "\(directory)/config.json") else {
            return RegistryCredentials()
        }
        return try RegistryCredentials(file: "\(directory)/config.json")
    }
}
