internal import Archive
package import Core
internal import Glibc
internal import Supervision

/// A root file system that the layers of an OCI image make in an empty directory, each laid over those before it.
package struct ImageRoot: Sendable {
    private let directory: String
    private var tree: LayeredTree
    /// Bounds on an image's contents, unpacked.
    private static let limits = TreeLimits(bytes: 64 << 30, entries: 4_000_000, depth: 256)

    /// - Parameter directory: exists and is empty.
    package init(in directory: String) {
        self.directory = directory
        tree = LayeredTree(
            in: directory, ownership: .shifted(IdentityMapping.ofThisProcess.offset), limits: Self.limits)
    }

    /// Lays the next layer over those before it. Blocks the thread.
    ///
    /// - Parameters:
    ///   - layer: The archive.
    ///   - name: For messages.
    ///   - contents: The digest of the archive without compression.
    /// - Throws: `Failure` of the category `input` where the layer is damaged, not safe, or has other contents.
    package mutating func add(_ layer: String, named name: String, contents: Digest) throws(Failure) {
        do throws(ArchiveError) {
            try tree.add(layer, contents: contents)
        } catch {
            throw error.renamed(name).failure
        }
    }

    /// Makes what the kernel's file systems are mounted on, where the image lacks it.
    package func addMountPoints() {
        for name in ["proc", "dev", "tmp", "sys", "etc"] {
            mkdir("\(directory)/\(name)", name == "tmp" ? 0o1777 : 0o755)
        }
    }
}
