import Core
import Glibc
import System

/// Writes a directory tree as a tar archive, usually compressed: equal trees give equal bytes.
///
/// Members are sorted by the bytes of their paths, so a directory comes before what it holds. Sockets, FIFOs and
/// devices are left out and named in the result.
public struct Packing: Sendable {
    /// What is written as a member's time.
    public enum Timestamps: Hashable, Sendable {
        case kept
        /// Seconds since 1970, the same for all.
        case fixed(Int)
    }

    /// What is written as a member's owner.
    public enum Ownership: Hashable, Sendable {
        case kept
        case fixed(Owner)
        /// As on disk, with ids that were moved up by so much moved back.
        case shifted(UInt32)
    }

    /// Which times of modification are recorded.
    public var timestamps: Timestamps
    /// Which owners are recorded.
    public var ownership: Ownership
    /// Bits of the mode that are written; by default neither set-user-ID nor set-group-ID. Directories stay sticky.
    public var permissionMask: UInt32
    /// Turn an overlay's marks of removed things into their OCI names.
    public var whiteouts: Bool
    /// The limits of what is packed.
    public var limits: TreeLimits
    /// How it is compressed.
    public var compression: Compression
    /// Of the compression: of zstd 1 to 19, of gzip 1 to 9; nil for none.
    public var level: Int?

    /// A form of compressed files.
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

    /// What was written.
    public struct Summary: Hashable, Sendable {
        /// Members, directories included.
        public var entries = 0
        /// Of all files, uncompressed.
        public var bytes = 0
        /// Sockets, FIFOs and devices that were left out, sorted.
        public var skipped: [String] = []
    }

    /// Packs what is in `directory` below each of `paths`, together with the directories that lead there.
    ///
    /// - Parameters:
    ///   - paths: relative to `directory`; those that do not exist are skipped. An empty path means everything.
    ///   - excluded: paths that are left out with all that is below.
    ///   - file: is written beside its place and renamed.
    /// - Throws: `ArchiveError` when a limit is passed or the file system refuses; nothing is left behind then.
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
