/// Limits of packing and unpacking, whatever the metadata of an archive claims.
public struct TreeLimits: Hashable, Sendable {
    /// The total uncompressed size of all files in bytes.
    public var bytes: Int
    /// The number of files, directories and links.
    public var entries: Int
    /// The number of components of a path.
    public var depth: Int

    /// The defaults are many times what packages of opam-repository need.
    public init(bytes: Int = 8 << 30, entries: Int = 500_000, depth: Int = 64) {
        self.bytes = bytes
        self.entries = entries
        self.depth = depth
    }
}

/// Counts members and bytes, and throws when a limit is exceeded.
struct TreeMeter {
    private let limits: TreeLimits
    private var archive: String
    private(set) var bytes = 0
    private(set) var entries = 0

    init(_ limits: TreeLimits, archive: String) {
        self.limits = limits
        self.archive = archive
    }

    /// The same counts with another archive in messages.
    func continued(with archive: String) -> TreeMeter {
        var meter = self
        meter.archive = archive
        return meter
    }

    mutating func count(_ member: FilePath, depth: Int) throws(ArchiveError) {
        entries += 1
        guard entries <= limits.entries else {
            throw ArchiveError(
                .tooManyEntries, archive: archive, member: member.description,
                detail: "more than \(limits.entries) entries")
        }
        guard member.bytes.count < 4096 else {
            throw ArchiveError(
                .tooDeep, archive: archive, detail: "a path of \(member.bytes.count) bytes, 4095 are allowed")
        }
        guard depth <= limits.depth else {
            throw ArchiveError(
                .tooDeep, archive: archive, member: member.description,
                detail: "\(depth) levels deep, \(limits.depth) are allowed")
        }
    }

    mutating func count(bytes more: Int, of member: FilePath) throws(ArchiveError) {
        bytes += more
        guard bytes <= limits.bytes else {
            throw ArchiveError(
                .tooManyBytes, archive: archive, member: member.description,
                detail: "more than \(limits.bytes) bytes in all")
        }
    }
}
