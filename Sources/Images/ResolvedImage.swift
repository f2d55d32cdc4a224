package import Core

/// An image for one architecture, identified by the digest of its manifest.
///
/// - SeeAlso: `docs/decisions/0262-image-digests.md`
package struct ResolvedImage: Sendable {
    /// The reference with the digest.
    package let reference: ImageReference
    /// The digest of the manifest.
    package let digest: Digest
    /// The configuration of processes in it.
    package let configuration: ImageConfiguration
    /// The layers, lowest first.
    let layers: [ImageDescriptor]
    /// The digests of the layers without compression.
    let contents: [Digest]
}

/// A layer of an image that is available on this machine.
package struct ImageLayer: Sendable {
    /// The name for messages.
    package let name: String
    /// The path of the archive.
    package let archive: String
    /// The digest of the archive without compression, as the image's configuration lists it.
    package let contents: Digest
}
