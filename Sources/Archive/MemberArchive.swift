import Core
import Glibc
import System

/// A file with many small compressed members, each of which can be read separately.
///
/// Members are grouped into zstd frames of about 256 KiB, so that small texts share a dictionary; an index file
/// (`NAME.index`, one line per member) contains their positions. Members can only be added. There is one writer at a
/// time across processes, by a lock on the index; readers need no lock. The partial output of a killed writer is not in
/// the index and is overwritten by the next writer.
public struct MemberArchive: Sendable {
    /// The position of a member.
    public struct Location: Hashable, Sendable {
        /// The offset of the frame in bytes.
        public var offset: Int
        /// The length of the frame in bytes.
        public var length: Int
        /// The offset of the member in the decompressed frame.
        public var start: Int
        /// The size of the member in bytes.
        public var count: Int
    }

    /// The path of the file with the frames.
    public let path: String
    private var indexPath: String { path + ".index" }
    private static let frameSize = 1 << 18
    /// The maximum size of a frame written by `append`: a single member may be larger than `frameSize`.
    private static let frameLimit = 1 << 30

    /// The archive at `path`, which need not exist.
    public init(path: String) {
        self.path = path
    }

    /// Appends `members` durably. A member with an existing name replaces it.
    ///
    /// - Parameter members: names without white space, with their contents.
    /// - Complexity: O(bytes), one `fdatasync` for the frames and one for the index.
    public func append(_ members: [(name: String, bytes: [UInt8])]) throws(ArchiveError) {
        for member in members {
            guard !member.name.isEmpty, !member.name.utf8.contains(where: { $0 <= UInt8(ascii: " ") }) else {
                throw ArchiveError(
                    .unsafePath, archive: path, member: member.name, detail: "expected a name without white space")
            }
        }
        let index = try Descriptor(opening: indexPath, O_RDWR | O_CREAT, of: path)
        try index.waitForLock()
        let known = try readIndex()
        let data = try Descriptor(opening: path, O_RDWR | O_CREAT, of: path)
        var end = known.end
        try data.truncate(to: end)
        var lines = ""
        for group in groups(of: members) {
            let frame = try Zstandard.compress(group.flatMap(\.bytes), level: 9)
            try data.write(frame, at: end)
            var start = 0
            for member in group {
                lines += "\(member.name) \(end) \(frame.count) \(start) \(member.bytes.count)\n"
                start += member.bytes.count
            }
            end += frame.count
        }
        try data.synchronize()
        try index.write(Array(lines.utf8), at: known.indexEnd)
        try index.synchronize()
    }

    /// The positions of all members by name.
    ///
    /// - Complexity: O(members).
    public func locations() throws(ArchiveError) -> [String: Location] {
        try readIndex().locations
    }

    /// Whether the index ends with a complete line. Otherwise a writer was killed while writing, or it is damaged, and
    /// members may be missing.
    public func hasCompleteIndex() throws(ArchiveError) -> Bool {
        let index = try readIndex()
        return index.indexEnd == index.size
    }

    /// The contents of a member.
    ///
    /// - Throws: `ArchiveError` with `noSuchMember`, `damaged` or `system`.
    public func read(_ name: String) throws(ArchiveError) -> [UInt8] {
        guard let location = try locations()[name] else {
            throw ArchiveError(.noSuchMember, archive: path, member: name, detail: "it is not in the index")
        }
        return try read(location)
    }

    /// The bytes at `location`, which must come from `locations()`.
    public func read(_ location: Location) throws(ArchiveError) -> [UInt8] {
        let data = try Descriptor(opening: path, O_RDONLY, of: path)
        guard location.length <= data.size else {
            throw ArchiveError(.damaged, archive: path, detail: "it is shorter than its index requires")
        }
        let frame = try data.read(location.length, at: location.offset)
        guard frame.count == location.length else {
            throw ArchiveError(.damaged, archive: path, detail: "it is shorter than its index requires")
        }
        let contents = try Zstandard.decompress(frame, limit: Self.frameLimit)
        let (end, overflow) = location.start.addingReportingOverflow(location.count)
        guard !overflow, end <= contents.count else {
            throw ArchiveError(.damaged, archive: path, detail: "a frame is shorter than the index requires")
        }
        return Array(contents[location.start..<end])
    }

    private func groups(of members: [(name: String, bytes: [UInt8])]) -> [[(name: String, bytes: [UInt8])]] {
        var groups: [[(name: String, bytes: [UInt8])]] = []
        var size = 0
        for member in members {
            if groups.isEmpty || size + member.bytes.count > Self.frameSize {
                groups.append([])
                size = 0
            }
            groups[groups.count - 1].append(member)
            size += member.bytes.count
        }
        return groups
    }

    private struct Index {
        var locations: [String: Location] = [:]
        /// The number of bytes of the archive that the index covers.
        var end = 0
        /// The number of bytes of the index up to its last complete line.
        var indexEnd = 0
        /// The size of the index in bytes.
        var size = 0
    }

    /// Reads the index up to the first incomplete line, which was left by a killed writer.
    private func readIndex() throws(ArchiveError) -> Index {
        var index = Index()
        guard let text = try FileSystem<ArchiveError>.contents(of: indexPath) else { return index }
        var rest = text[...]
        while let newline = rest.firstIndex(of: UInt8(ascii: "\n")) {
            let fields = rest[..<newline].split(separator: UInt8(ascii: " ")).map {
                String(decoding: $0, as: UTF8.self)
            }
            let numbers = fields.dropFirst().compactMap { Int($0) }
            guard fields.count == 5, numbers.count == 4, numbers.allSatisfy({ $0 >= 0 }) else { break }
            index.locations[fields[0]] = Location(
                offset: numbers[0], length: numbers[1], start: numbers[2], count: numbers[3])
            let (end, overflow) = numbers[0].addingReportingOverflow(numbers[1])
            guard !overflow else { break }
            index.end = max(index.end, end)
            rest = rest[(newline + 1)...]
        }
        index.indexEnd = rest.startIndex
        index.size = text.count
        return index
    }
}
