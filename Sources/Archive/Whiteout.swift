import Glibc

/// Whiteouts of overlayfs and of OCI layers, which mark removed entries of lower layers.
///
/// In an overlay's upper directory, a removed name is a character device 0:0, and an opaque directory, which hides
/// everything below it, has an attribute `opaque`. In an archive, where neither is portable, they are empty files named
/// `.wh.NAME` and `.wh..wh..opq` (OCI image specification, "Layer Filesystem Changeset").
enum Whiteout {
    static let prefix = ".wh."
    static let opaqueName = ".wh..wh..opq"

    /// The attributes of overlays mounted by root, and of those mounted in a user namespace.
    private static let attributes = ["trusted.overlay.opaque", "user.overlay.opaque"]

    static func isWhiteout(_ status: stat) -> Bool {
        status.st_mode & S_IFMT == S_IFCHR && status.st_rdev == 0
    }

    static func isOpaque(directory descriptor: Int32) -> Bool {
        attributes.contains { ExtendedAttribute.byte($0, of: descriptor) == UInt8(ascii: "y") }
    }

    /// Marks the directory opaque for root's overlays if permitted, otherwise for those in a user namespace.
    static func makeOpaque(directory descriptor: Int32) -> Bool {
        attributes.contains { ExtendedAttribute.set($0, to: UInt8(ascii: "y"), of: descriptor) }
    }

    static func make(_ name: FilePath, in descriptor: Int32) -> Bool {
        name.withCString { mknodat(descriptor, $0, S_IFCHR, 0) } == 0
    }
}
