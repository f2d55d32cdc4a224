internal import Archive
package import Core
internal import Glibc
internal import Supervision
internal import System

extension EnvironmentStore {
    /// Whether owners and modes of files survive packing and unpacking, which requires several users.
    package static var canShare: Bool { IdentityMapping.ofThisProcess.hasSeveralUsers }

    /// The limits of a root file system.
    private static let sharingLimits = TreeLimits(bytes: 32 << 30, entries: 2_000_000)

    /// Writes a stored root file system as an archive, with owners as seen inside.
    package func pack(_ root: String, to archive: String) throws(Failure) {
        let packing = Packing(
            timestamps: .kept, ownership: .shifted(IdentityMapping.ofThisProcess.offset), permissionMask: 0o7777,
            limits: Self.sharingLimits)
        do {
            _ = try packing.pack(root, to: archive)
        } catch {
            throw Failure(.unavailable, error.description)
        }
    }

    /// Unpacks such an archive into an empty directory.
    package func unpack(_ archive: String, to root: String) throws(Failure) {
        let extraction = Extraction(
            links: .anywhere, ownership: .shifted(IdentityMapping.ofThisProcess.offset), permissionMask: 0o7777,
            limits: Self.sharingLimits)
        do {
            try extraction.extract(archive, to: root)
        } catch {
            throw Failure(.unavailable, error.description)
        }
    }

    /// The reason why this machine cannot unpack images; nil if it can.
    package static func imageObstacle() -> Failure? {
        if let obstacle = SubordinateIDs.obstacle() { return obstacle }
        if LayeredTree.isSupported { return nil }
        return Failure(
            .unavailable, "the kernel cannot resolve paths below a directory (openat2)",
            hint: "images need Linux 5.6 or later, and no system call filter that forbids it")
    }
}
