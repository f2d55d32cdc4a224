internal import Archive
package import Core
internal import Glibc
internal import Supervision

/// A root file system that is built in an empty directory by applying the layers of an OCI image in order.
package struct ImageRoot: Sendable {
    private let directory: String
    private var tree: LayeredTree
    /// The limits of an unpacked image.
    private static let limits = TreeLimits(bytes: 64 << 30, entries: 4_000_000, depth: 256)

    /// - Parameter directory: an existing, empty directory.
    package init(in directory: String) {
        self.directory = directory
        tree = LayeredTree(
            in: directory, ownership: .shifted(IdentityMapping.ofThisProcess.offset), limits: Self.limits)
    }

    /// Applies the next layer. Blocks the thread.
    ///
    /// - Parameters:
    ///   - layer: The path of the archive.
    ///   - name: The name for messages.
    ///   - contents: The digest of the archive without compression.
    /// - Throws: `Failure` of the category `input` if the layer is damaged, unsafe, or has unexpected contents.
    package mutating func add(_ layer: String, named name: String, contents: Digest) throws(Failure) {
        do throws(ArchiveError) {
            try tree.add(layer, contents: contents)
        } catch {
            throw error.renamed(name).failure
        }
    }

    /// Creates the mount points of the kernel's file systems that the image lacks.
    package func addMountPoints() {
        for name in ["proc", "dev", "tmp", "sys", "etc"] {
            mkdir("\(directory)/\(name)", name == "tmp" ? 0o1777 : 0o755)
        }
    }
}
