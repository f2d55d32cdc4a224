internal import Core

/// What an image's documents say of a blob or of another document.
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

    /// The digest; nil if it is no SHA-256.
    var sha256: Digest? { Digest(oci: digest) }
}
