internal import Core

/// A reference from a document of an image to a blob or another document.
struct ImageDescriptor: Codable, Hashable, Sendable {
    struct Platform: Codable, Hashable, Sendable {
        var architecture: String
        var os: String
        var variant: String?
    }

    var mediaType: String
    var digest: String
    var size: Int
    var platform: Platform?
    var annotations: [String: String]?

    /// The digest; nil if it is not SHA-256.
    var sha256: Digest? { Digest(oci: digest) }
}
