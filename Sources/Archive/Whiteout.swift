import Glibc

/// How overlayfs and OCI layers say that something of a lower layer is gone.
///
/// In an overlay's upper directory a removed name is a character device 0:0, and a directory that hides all below it
/// carries an `opaque` attribute. In an archive, where neither can be written portably, they are empty files named
/// `.wh.NAME` and `.wh..wh..opq` (OCI image specification, "Layer Filesystem Changeset").
enum Whiteout {
    static let prefix = ".wh."
    static let opaqueName = ".wh..wh..opq"

    /// In overlays mounted by root, and in those mounted inside a user namespace.
    private static let attributes = ["trusted.overlay.opaque", "user.overlay.opaque"]

    static func isWhiteout(_ status: stat) -> Bool {
        status.st_mode & S_IFMT == S_IFCHR && status.st_rdev == 0
    }

    static func isOpaque(directory descriptor: Int32) -> Bool {
        attributes.contains { ExtendedAttribute.byte($0, of: descriptor) == UInt8(ascii: "y") }
    }

    /// Marks the directory opaque, for root's overlays where that is permitted, else for a user namespace's.
    static func makeOpaque(directory descriptor: Int32) -> Bool {
        attributes.contains { ExtendedAttribute.set($0, to: UInt8(ascii: "y"), of: descriptor) }
    }

    static func make(_ name: FilePath, in descriptor: Int32) -> Bool {
        name.withCString { mknodat(descriptor, $0, S_IFCHR, 0) } == 0
    }
}
