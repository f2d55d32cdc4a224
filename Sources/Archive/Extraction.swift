import Core
import Glibc
import System

/// Unpacks an archive with untrusted contents.
///
/// Every member is created relative to open directories, and links are never followed, so nothing can be written
/// outside of the destination, whatever the order of members. The tree is unpacked into a temporary directory, which is
/// renamed when it is complete.
///
/// - SeeAlso: `docs/decisions/0050-archive-extraction.md`
public struct Extraction: Sendable {
    /// The allowed targets of symbolic links.
    public enum LinkPolicy: Hashable, Sendable {
        /// Inside the unpacked tree, for trees that the host reads. Absolute targets and those that leave the tree are
        /// rejected.
        case inside
        /// Anywhere, for trees that become part of a root file system, in which every target is inside.
        case anywhere
    }

    /// The owner of unpacked files.
    public enum Ownership: Hashable, Sendable {
        /// The current user.
        case extractor
        /// The owner in the archive; needs root.
        case archive
        case fixed(Owner)
        /// The owner in the archive, with ids 1 to 65535 increased by an offset; needs root.
        case shifted(UInt32)
    }

    /// The allowed targets of links.
    public var links: LinkPolicy
    /// The owner of unpacked files.
    public var ownership: Ownership
    /// The bits of the mode that are kept; by default neither set-user-ID nor set-group-ID. Directories keep the sticky
    /// bit.
    public var permissionMask: UInt32
    /// If all members are in one directory, unpack its contents instead of it, as opam does with sources.
    public var strippingSingleRoot: Bool
    /// Convert OCI whiteouts to those of overlayfs.
    public var whiteouts: Bool
    /// The limits of the unpacked tree.
    public var limits: TreeLimits

    public init(
        links: LinkPolicy = .inside, ownership: Ownership = .extractor, permissionMask: UInt32 = 0o777,
        strippingSingleRoot: Bool = false, whiteouts: Bool = false, limits: TreeLimits = TreeLimits()
    ) {
        self.links = links
        self.ownership = ownership
        self.permissionMask = permissionMask
        self.strippingSingleRoot = strippingSingleRoot
        self.whiteouts = whiteouts
        self.limits = limits
    }

    /// Counts of the unpacked members.
    public struct Summary: Hashable, Sendable {
        /// The number of members.
        public var entries = 0
        /// The total size of all files in bytes.
        public var bytes = 0
    }

    /// Unpacks `archive` (tar or zip; plain or compressed by gzip, bzip2, xz, lzma, lzip or zstd) as `directory`.
    ///
    /// - Parameter directory: must not exist, or be empty; its parent must exist.
    /// - Throws: `ArchiveError` for the first unsafe member, an exceeded limit, damage, or a failed system call;
    ///   nothing is left behind then.
    @discardableResult
    public func extract(_ archive: String, to directory: String) throws(ArchiveError) -> Summary {
        let input = try Descriptor(opening: archive, O_RDONLY, of: archive)
        let staging = "\(directory).part.\(getpid()).\(UInt32.random(in: .min ... .max))"
        do throws(SystemError) {
            try FileSystem<SystemError>.makeDirectory(staging, mode: 0o755)
        } catch {
            throw ArchiveError(error, of: archive)
        }
        do throws(ArchiveError) {
            let summary = try withUTF8Names { () throws(ArchiveError) in
                try unpack(ArchiveReader(descriptor: input.raw, name: archive, format: .container), archive, staging)
            }
            try move(staging, to: directory)
            return summary
        } catch {
            removeTree(staging)
            throw error
        }
    }

    private func unpack(_ reader: ArchiveReader, _ archive: String, _ staging: String) throws(ArchiveError) -> Summary {
        let root = try Descriptor(opening: staging, O_RDONLY | O_DIRECTORY, of: archive)
        var writer = TreeWriter(root: root.raw, archive: archive, policy: self)
        while let entry = try reader.next() {
            try writer.add(entry, contents: reader)
        }
        try writer.finish()
        return Summary(entries: writer.meter.entries, bytes: writer.meter.bytes)
    }

    /// Gives the unpacked tree its final path.
    private func move(_ staging: String, to directory: String) throws(ArchiveError) {
        if strippingSingleRoot, let only = onlyDirectory(in: staging) {
            let isRenamed = only.withCString { Glibc.rename($0, directory) == 0 }
            guard isRenamed else { throw systemError("rename to", directory) }
            removeTree(staging)
        } else {
            try FileSystem<ArchiveError>.rename(staging, directory)
        }
    }

    /// The directory that is the only entry of `path`.
    private func onlyDirectory(in path: String) -> FilePath? {
        guard var stream = DirectoryStream(path), let name = stream.next() else { return nil }
        let only = FilePath(path).appending(FilePath(cString: name))
        guard stream.next() == nil else { return nil }
        var status = stat()
        guard only.withCString({ lstat($0, &status) }) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            return nil
        }
        return only
    }
}
