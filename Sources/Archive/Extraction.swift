import Core
import Glibc
import System

/// Unpacks an archive with untrusted contents.
///
/// Every member is created relative to open directories and no link is ever followed, so nothing can be written outside
/// of the destination, whatever order its members come in. The tree is made beside its place and renamed when complete.
///
/// - SeeAlso: `docs/decisions/0050-archive-extraction.md`
public struct Extraction: Sendable {
    /// Where symbolic links may point.
    public enum LinkPolicy: Hashable, Sendable {
        /// Inside of what is unpacked: for trees that the host reads. Absolute targets and those that climb out are
        /// refused.
        case inside
        /// Anywhere: for trees that are used as part of a root file system, where every target is inside.
        case anywhere
    }

    /// Who owns what is unpacked.
    public enum Ownership: Hashable, Sendable {
        /// The user who unpacks.
        case extractor
        /// As the archive says; needs root.
        case archive
        case fixed(Owner)
        /// As the archive says, with ids 1 to 65535 moved up by so much; needs root.
        case shifted(UInt32)
    }

    /// Which targets links may have.
    public var links: LinkPolicy
    /// Who owns what is unpacked.
    public var ownership: Ownership
    /// Bits of the mode that are kept; by default neither set-user-ID nor set-group-ID. Directories stay sticky.
    public var permissionMask: UInt32
    /// If all members are in one directory, unpack what it holds in its place, as opam does with sources.
    public var strippingSingleRoot: Bool
    /// Turn OCI's names of removed things into overlayfs's marks.
    public var whiteouts: Bool
    /// The limits of what is unpacked.
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

    /// What was unpacked.
    public struct Summary: Hashable, Sendable {
        /// How many members were unpacked.
        public var entries = 0
        /// Of all files.
        public var bytes = 0
    }

    /// Unpacks `archive` (tar or zip; plain or compressed by gzip, bzip2, xz, lzma, lzip or zstd) as `directory`.
    ///
    /// - Parameter directory: must not exist, or be empty; the directory that holds it must exist.
    /// - Throws: `ArchiveError` for the first member that is not safe, a limit, damage, or what the system refuses;
    ///   nothing is left behind then.
    @discardableResult
    public func extract(_ archive: String, to directory: String) throws(ArchiveError) -> Summary {
        let input = try Descriptor(opening: archive, O_RDONLY, of: archive)
        let aside = "\(directory).part.\(getpid()).\(UInt32.random(in: .min ... .max))"
        do throws(SystemError) {
            try FileSystem<SystemError>.makeDirectory(aside, mode: 0o755)
        } catch {
            throw ArchiveError(error, of: archive)
        }
        do throws(ArchiveError) {
            let summary = try withUTF8Names { () throws(ArchiveError) in
                try unpack(ArchiveReader(descriptor: input.raw, name: archive, format: .container), archive, aside)
            }
            try put(aside, at: directory)
            return summary
        } catch {
            removeTree(aside)
            throw error
        }
    }

    private func unpack(_ reader: ArchiveReader, _ archive: String, _ aside: String) throws(ArchiveError) -> Summary {
        let root = try Descriptor(opening: aside, O_RDONLY | O_DIRECTORY, of: archive)
        var writer = TreeWriter(root: root.raw, archive: archive, policy: self)
        while let entry = try reader.next() {
            try writer.add(entry, contents: reader)
        }
        try writer.finish()
        return Summary(entries: writer.meter.entries, bytes: writer.meter.bytes)
    }

    private func put(_ aside: String, at directory: String) throws(ArchiveError) {
        if strippingSingleRoot, let only = onlyDirectory(in: aside) {
            let isRenamed = only.withCString { Glibc.rename($0, directory) == 0 }
            guard isRenamed else { throw systemError("rename to", directory) }
            removeTree(aside)
        } else {
            try FileSystem<ArchiveError>.rename(aside, directory)
        }
    }

    /// The directory that is all that `path` holds.
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
