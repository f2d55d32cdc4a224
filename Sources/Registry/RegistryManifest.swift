internal import Core
internal import Foundation

/// The manifest of a blob: an OCI artifact with one layer and an empty configuration.
struct RegistryManifest: Encodable {
    struct Descriptor: Encodable {
        var mediaType: String
        var digest: String
        var size: Int
    }

    static let mediaType = "application/vnd.oci.image.manifest.v1+json"
    /// The configuration that the OCI image specification defines for artifacts without one.
    static let emptyConfiguration = Array("{}".utf8)

    let schemaVersion = 2
    let mediaType = Self.mediaType
    let artifactType: String
    let config: Descriptor
    let layers: [Descriptor]
    let annotations: [String: String]

    /// The annotation with the time of creation, in the format of RFC 3339.
    static let creation = "org.opencontainers.image.created"

    init(_ kind: RegistryBlobs.Kind, _ digest: Digest, size: Int, at time: Date) {
        artifactType = kind.artifact
        config = Descriptor(
            mediaType: "application/vnd.oci.empty.v1+json", digest: Digest(of: Self.emptyConfiguration).oci,
            size: Self.emptyConfiguration.count)
        layers = [Descriptor(mediaType: kind.mediaType, digest: digest.oci, size: size)]
        annotations = [Self.creation: time.formatted(.iso8601)]
    }

    func encoded() throws -> [UInt8] { [UInt8](try CanonicalJSON.encode(self)) }
}
