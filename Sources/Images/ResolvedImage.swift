package import Core

/// An image for one architecture, known by the digest of its manifest.
///
/// - SeeAlso: `docs/decisions/0262-image-digests.md`
package struct ResolvedImage: Sendable {
    /// Where it is, with its digest.
    package let reference: ImageReference
    /// Of its manifest.
    package let digest: Digest
    /// What it says of processes in it.
    package let configuration: ImageConfiguration
    /// The lowest first.
    let layers: [ImageDescriptor]
}
