internal import Archive
package import Core
internal import Glibc
internal import Supervision
internal import System

extension EnvironmentStore {
    /// Whether owners and modes of files survive packing and unpacking: they need several users.
    package static var canShare: Bool { IdentityMapping.ofThisProcess.hasSeveralUsers }

    /// Bounds on a root file system.
    private static let sharingLimits = TreeLimits(bytes: 32 << 30, entries: 2_000_000)

    /// Writes a root file system that is in place as an archive, with owners as they are inside.
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

    /// What this machine lacks to unpack images; nil if it lacks nothing.
    package static func imageObstacle() -> Failure? {
        if let obstacle = SubordinateIDs.obstacle() { return obstacle }
        if LayeredTree.isPossible { return nil }
        return Failure(
            .unavailable, "the kernel cannot resolve paths below a directory (openat2)",
            hint: "images need Linux 5.6 or later, and no filter of system calls that forbids it")
    }

    /// Makes a root file system of the layers of an OCI image in an empty directory.
    ///
    /// - Parameters:
    ///   - layers: the archives, the lowest first, each with a name for messages.
    ///   - proceed: is called before each layer; what it throws ends the unpacking.
    /// - Throws: `Failure` of the category `input` where a layer is damaged or not safe.
    package func unpack(
        layers: [(name: String, archive: String)], to root: String, proceed: () throws -> Void = {}
    ) throws {
        var layered: LayeredTree
        do {
            layered = try LayeredTree(
                in: root, ownership: .shifted(IdentityMapping.ofThisProcess.offset), limits: Self.imageLimits)
        } catch { throw error.failure }
        for (name, archive) in layers {
            try proceed()
            do throws(ArchiveError) {
                try layered.add(archive)
            } catch {
                var error = error
                error.archive = name
                throw error.failure
            }
        }
        // What the kernel's file systems are mounted on.
        for folder in ["proc", "dev", "tmp", "sys", "etc"] {
            mkdir("\(root)/\(folder)", folder == "tmp" ? 0o1777 : 0o755)
        }
    }

    /// Bounds on an image's contents, unpacked.
    private static let imageLimits = TreeLimits(bytes: 64 << 30, entries: 4_000_000, depth: 256)
}
