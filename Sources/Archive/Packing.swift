import Core
import Glibc
import System

/// Writes a directory tree as a tar archive, usually compressed: equal trees give equal bytes.
///
/// Members are sorted by the bytes of their paths, so a directory precedes its contents. Sockets, FIFOs and devices are
/// skipped and listed in the result.
public struct Packing: Sendable {
    /// The times of members.
    public enum Timestamps: Hashable, Sendable {
        case kept
        /// A fixed time in seconds since 1970.
        case fixed(Int)
    }

    /// The owners of members.
    public enum Ownership: Hashable, Sendable {
        case kept
        case fixed(Owner)
        /// The owners on disk, with the offset of shifted ids subtracted.
        case shifted(UInt32)
    }

    /// The times that are recorded.
    public var timestamps: Timestamps
    /// The owners that are recorded.
    public var ownership: Ownership
    /// The bits of the mode that are recorded; by default neither set-user-ID nor set-group-ID. Directories keep the
    /// sticky bit.
    public var permissionMask: UInt32
    /// Convert overlayfs whiteouts to those of OCI.
    public var whiteouts: Bool
    /// The limits of the packed tree.
    public var limits: TreeLimits
    /// The compression.
    public var compression: Compression
    /// The level of the compression: 1 to 19 for zstd, 1 to 9 for gzip; nil for no compression.
    public var level: Int?

    /// The supported compressions.
    public enum Compression: Hashable, Sendable {
        case zstd, gzip
    }

    public init(
        timestamps: Timestamps = .fixed(1), ownership: Ownership = .kept, permissionMask: UInt32 = 0o777,
        whiteouts: Bool = false, limits: TreeLimits = TreeLimits(), compression: Compression = .zstd, level: Int? = 3
    ) {
        self.timestamps = timestamps
        self.ownership = ownership
        self.permissionMask = permissionMask
        self.whiteouts = whiteouts
        self.limits = limits
        self.compression = compression
        self.level = level
    }

    /// Counts of the packed members.
    public struct Summary: Hashable, Sendable {
        /// The number of members, including directories.
        public var entries = 0
        /// The total uncompressed size of all files in bytes.
        public var bytes = 0
        /// The sorted paths of skipped sockets, FIFOs and devices.
        public var skipped: [String] = []
    }

    /// Packs the contents of `directory` below each of `paths`, and the parent directories of these paths.
    ///
    /// - Parameters:
    ///   - paths: paths relative to `directory`; missing ones are skipped. An empty path means everything.
    ///   - excluded: paths to skip with everything below them.
    ///   - file: the archive, which is written to a temporary file and renamed.
    /// - Throws: `ArchiveError` if a limit is exceeded or a system call fails; nothing is left behind then.
    /// - Complexity: O(bytes + entries · log entries).
    public func pack(
        _ directory: String, paths: [String] = [""], excluding excluded: Set<String> = [], to file: String
    ) throws(ArchiveError) -> Summary {
        let root = try Descriptor(opening: directory, O_RDONLY | O_DIRECTORY, of: directory)
        var listing = TreeListing(
            root: root, name: directory, excluded: Set(excluded.map { FilePath($0) }), whiteouts: whiteouts,
            limits: limits)
        for path in paths {
            try listing.add(FilePath(path))
        }
        let entries = listing.sortedEntries()
        let output = try AtomicFile<ArchiveError>(replacing: file, mode: 0o644)
        try withUTF8Names { () throws(ArchiveError) in
            try write(entries, of: root, to: output.file, name: file)
        }
        try output.commit(.contents)
        return Summary(
            entries: entries.count, bytes: listing.meter.bytes, skipped: listing.skipped.sorted().map(\.description))
    }

    private func write(
        _ entries: [ArchiveEntry], of root: borrowing Descriptor, to output: borrowing Descriptor, name: String
    ) throws(ArchiveError) {
        let writer = try ArchiveWriter(
            descriptor: output.raw, name: name, compression: level.map { (compression, $0) })
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: blockSize, alignment: 16)
        defer { buffer.deallocate() }
        for entry in entries {
            try writer.add(normalized(entry))
            if entry.kind == .file, entry.size > 0 {
                let file = try Descriptor(opening: entry.path, in: root, O_RDONLY | O_NOFOLLOW, of: name)
                try copy(file, of: entry, to: writer, by: buffer, archive: name)
            }
        }
        try writer.finish()
    }

    private func copy(
        _ file: borrowing Descriptor, of entry: ArchiveEntry, to writer: ArchiveWriter,
        by buffer: UnsafeMutableRawBufferPointer, archive: String
    ) throws(ArchiveError) {
        var left = entry.size
        while left > 0 {
            let count = Glibc.read(file.raw, buffer.baseAddress, min(left, buffer.count))
            guard count > 0 else {
                throw ArchiveError(
                    .damaged, archive: archive, member: entry.path.description,
                    detail: "the file shrank while it was packed")
            }
            try writer.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            left -= count
        }
    }

    private func normalized(_ entry: ArchiveEntry) -> ArchiveEntry {
        var entry = entry
        if case .fixed(let seconds) = timestamps { entry.modified = seconds }
        switch ownership {
        case .kept: break
        case .fixed(let owner): entry.owner = owner
        case .shifted(let offset): entry.owner = entry.owner.shifted(down: offset)
        }
        entry.permissions &= entry.kind == .directory ? permissionMask | 0o1000 : permissionMask
        return entry
    }
}
