public import Core
import Glibc
import Supervision
public import System

/// The last uses and sizes of the entries of a worker's cache, for removing the least recently used ones.
///
/// ```
/// uses/KIND-DIGEST   the entry's size in bytes; the time of modification is that of its last use
/// locks/uses         held while an entry is noted as used, or removed
/// sessions/          a scratch directory for each process that uses entries
/// ```
/// A process records the use of an entry before it checks whether the entry exists. An entry that was used since any
/// living process began its session is in use, and is kept.
///
/// - SeeAlso: `docs/decisions/0170-worker-cache.md`
public struct CacheUsage: Sendable {
    /// The kinds of entries.
    public enum Kind: String, Sendable, CaseIterable {
        /// An unpacked layer.
        case layer
        /// A root file system.
        case environment
        /// The archive of a layer with system packages.
        case system
        /// The archive of a layer that is shared with other machines.
        case archive
        /// A source: an archive, the contents of a commit, or the copy of a repository.
        case source
        /// A layer of an OCI image as downloaded from its registry.
        case image
        /// A virtual machine that was prepared and saved.
        case machine
    }

    /// An entry of the cache.
    public struct Entry: Hashable, Sendable {
        /// The kind of the entry.
        public var kind: Kind
        /// Identifies the entry among those of its kind.
        public var digest: Digest
        /// The size on disk in bytes.
        public var size: Int
        /// Whether a living process may be using the entry.
        public var isInUse: Bool
        fileprivate var lastUse: Instant
    }

    /// The modification time of a file.
    fileprivate struct Instant: Hashable, Comparable, Sendable {
        var seconds: Int
        var nanoseconds: Int

        init?(of path: String) {
            var status = stat()
            guard lstat(path, &status) == 0 else { return nil }
            (seconds, nanoseconds) = (status.st_mtim.tv_sec, status.st_mtim.tv_nsec)
        }

        static func < (left: Instant, right: Instant) -> Bool {
            (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
        }
    }

    /// The directory of the cache.
    public let directory: String

    public init(_ directory: String) {
        self.directory = directory
    }

    private var sessions: String { "\(directory)/sessions" }

    private func file(_ kind: Kind, _ digest: Digest) -> String { "\(directory)/uses/\(kind.rawValue)-\(digest)" }

    /// Begins a session of this process, which ends when the returned object is released.
    public func beginSession() throws(Failure) -> ScratchDirectory {
        ScratchDirectory.removeLeftovers(in: sessions)
        return try Files.scratchDirectory(in: sessions)
    }

    /// Records that an entry is being used.
    package func noteUse(_ kind: Kind, _ digest: Digest) throws(Failure) {
        try locked { () throws(Failure) in
            let path = file(kind, digest)
            if FileStatus(path)?.isDirectory == true { removeTree(path) }
            let file = try OpenFile<Failure>(path, O_WRONLY | O_CREAT, mode: 0o644)
            guard futimens(file.descriptor, nil) == 0 else { throw Failure(.last("touch", path)) }
        }
    }

    /// Records the size of a new entry at `path`.
    package func noteSize(_ kind: Kind, _ digest: Digest, at path: String) {
        note(Self.size(of: path), kind, digest)
    }

    /// If the size cannot be recorded, it is measured each time.
    private func note(_ size: Int, _ kind: Kind, _ digest: Digest) {
        let file = try? OpenFile<Failure>(file(kind, digest), O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
        try? file?.write(Array("\(size)".utf8), at: 0)
    }

    /// The entries with these digests and paths.
    ///
    /// - Complexity: Two system calls for each entry, and a walk through one whose size is not recorded.
    public func entries(_ kind: Kind, _ paths: [Digest: String]) -> [Entry] {
        ScratchDirectory.removeLeftovers(in: sessions)
        let horizon = horizon()
        return paths.compactMap { digest, path in
            let file = file(kind, digest)
            guard let lastUse = Instant(of: file) ?? Instant(of: path) else { return nil }
            let size = contents(of: file).flatMap { Int($0) } ?? Self.size(of: path)
            return Entry(
                kind: kind, digest: digest, size: size, isInUse: horizon.map { lastUse >= $0 } ?? false,
                lastUse: lastUse)
        }
    }

    /// The start of the oldest session; nil if there is none. A killed process counts until its leftovers are removed.
    private func horizon() -> Instant? {
        names(in: sessions).compactMap { Instant(of: "\(sessions)/\($0)") }.min()
    }

    /// Removes the least recently used of `entries` that are not in use, until the rest occupies at most `limit` bytes.
    ///
    /// - Parameter remove: removes an entry by one rename.
    /// - Returns: the removed entries.
    @discardableResult
    public func evict(_ entries: [Entry], to limit: Int, remove: (Entry) throws(Failure) -> Void) throws(Failure)
        -> [Entry]
    {
        var total = entries.reduce(0) { $0 + $1.size }
        var removed: [Entry] = []
        for entry in entries.sorted(by: { $0.lastUse < $1.lastUse }) where total > limit && !entry.isInUse {
            let isRemoved = try locked { () throws(Failure) -> Bool in
                // The entry may have been used in the meantime, even by a process that started since then, within the
                // same clock tick.
                let file = file(entry.kind, entry.digest)
                let lastUse = Instant(of: file) ?? entry.lastUse
                guard lastUse == entry.lastUse, horizon().map({ lastUse < $0 }) ?? true else { return false }
                try remove(entry)
                unlink(file)
                return true
            }
            guard isRemoved else { continue }
            total -= entry.size
            removed.append(entry)
        }
        return removed
    }

    private func locked<Result>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
        for name in ["uses", "locks"] { try Files.makeDirectories("\(directory)/\(name)", mode: 0o755) }
        let lock = try OpenFile<Failure>("\(directory)/locks/uses", O_RDWR | O_CREAT, mode: 0o644)
        try lock.waitForLock()
        defer { lock.unlock() }
        return try body()
    }

    /// The size on disk in bytes of a file or a directory tree.
    private static func size(of path: String) -> Int {
        var status = stat()
        guard lstat(path, &status) == 0 else { return 0 }
        return Int(status.st_blocks) * 512 + (status.st_mode & S_IFMT == S_IFDIR ? treeSize(path) : 0)
    }
}
