internal import Archive
public import Core
internal import Glibc
internal import System

/// Logs, which are not part of the history: files while jobs run, later compressed archives with thousands of logs.
///
/// A sealed log is identified by its digest. It is a separate file until `pack` moves it into the archive.
public struct LogDirectory: Sendable {
    private let directory: String
    /// Set for a plain clone of a store, which has no logs.
    private let clone: StoreClone?
    /// The logs shared between machines; nil if they are only in this store.
    private let shared: (any SharedLogs)?
    /// Whether shared logs are also kept here.
    private let keepsShared: Bool
    private var running: String { "\(directory)/running" }
    /// Logs that are being downloaded.
    private var incoming: String { "\(directory)/incoming" }
    private var sealed: ObjectDirectory { ObjectDirectory(directory: "\(directory)/sealed") }
    private var archives: String { "\(directory)/archives" }

    init(
        directory: String, clone: StoreClone? = nil, shared: (any SharedLogs)? = nil, keepsShared: Bool = true
    ) {
        self.directory = directory
        self.clone = clone
        self.shared = shared
        self.keepsShared = keepsShared
    }

    /// The maximum size of a log that is downloaded.
    private static let sharedLimit = 256 << 20

    /// Begins a log with a name that no other running log has.
    public func begin(_ name: String) throws -> RunningLog {
        let path = try path(ofRunning: name)
        try Files.makeDirectories(running)
        return try RunningLog(path: path, in: self)
    }

    /// Reads at most `limit` bytes of a running log from `offset` on; nil if there is no such log.
    public func read(running name: String, from offset: Int = 0, limit: Int = 1 << 20) throws -> [UInt8]? {
        let path = try path(ofRunning: name)
        guard FileStatus(path) != nil else { return nil }
        return try File(path, O_RDONLY).read(limit, at: offset)
    }

    /// The sorted names of the logs that are being written, or were when their writer died.
    public var runningNames: [String] {
        names(in: running).filter { $0.hasSuffix(".log") }.map { String($0.dropLast(4)) }
    }

    /// The time of the last write to a running log whose name begins with `prefix`, in seconds since 1970; nil if there
    /// is none.
    public func lastWritten(startingWith prefix: String) -> Int? {
        runningNames.filter { $0.hasPrefix(prefix) }.compactMap { FileStatus("\(running)/\($0).log")?.modified }.max()
    }

    /// Stores the file as a log and shares it with the other machines.
    func seal(_ path: String) throws -> Digest {
        guard let shared else { return try sealed.put(moving: path) }
        let digest = try ObjectDirectory.digest(ofFile: path)
        try shared.put(digest, archive: path)
        if keepsShared { return try sealed.put(moving: path) }
        unlink(path)
        return digest
    }

    /// Removes the running logs of dead processes.
    func removeLeftOvers() {
        ScratchDirectory.removeLeftovers(in: incoming)
        for name in runningNames { RunningLog.removeLeftOver("\(running)/\(name).log") }
    }

    /// Stores a complete log durably.
    public func put(_ bytes: [UInt8]) throws -> Digest {
        if let clone { throw clone.writeRefusal }
        return try sealed.put(bytes)
    }

    /// Reads the log with a digest; nil if it does not exist.
    ///
    /// - Complexity: One lookup in the index of each archive, then one decompressed frame.
    /// - Throws: `StoreError` of kind `corrupted` if the content does not match the digest, `notFound` in a plain clone
    ///   of a store, which has no logs.
    public func read(_ digest: Digest) throws -> [UInt8]? {
        if let clone { throw clone.lacks("log \(digest)") }
        if let bytes = try sealed.bytes(of: digest) { return bytes }
        let prefix = "\(digest.hex.prefix(1))."
        for archive in archives(where: { $0.hasPrefix(prefix) }) {
            // An archive that no longer exists was rewritten under another name.
            guard let location = try? archive.locations()[digest.hex] else { continue }
            let bytes = try archive.read(location)
            guard Digest(of: bytes) == digest else {
                throw StoreError(.corrupted, "store: log \(digest) is damaged in its archive '\(archive.path)'")
            }
            return bytes
        }
        // It may have been packed in the meantime.
        return try sealed.bytes(of: digest) ?? sharedBytes(of: digest)
    }

    /// The logs among `digests` that are stored here. They are not read, so some may be damaged.
    ///
    /// - Complexity: One check for each log, and one in the index of each archive.
    public func present(among digests: [Digest]) -> Set<Digest> {
        guard clone == nil else { return [] }
        var (present, others) = (Set<Digest>(), [Digest]())
        for digest in digests {
            if sealed.contains(digest) { present.insert(digest) } else { others.append(digest) }
        }
        guard !others.isEmpty else { return present }
        let shards = Dictionary(grouping: others, by: { $0.hex.prefix(1) })
        for archive in archives(where: { shards[$0.prefix(1)] != nil }) {
            let shard = archive.path.split(separator: "/").last?.prefix(1) ?? ""
            // An archive that no longer exists was rewritten under another name.
            guard let locations = try? archive.locations() else { continue }
            present.formUnion((shards[shard] ?? []).filter { locations[$0.hex] != nil })
        }
        return present
    }

    /// Downloads a shared log and stores it here; nil if it does not exist.
    private func sharedBytes(of digest: Digest) throws -> [UInt8]? {
        guard let shared else { return nil }
        let aside = try Files.scratchDirectory(in: incoming)
        let file = "\(aside.path)/log"
        guard try shared.get(digest, to: file, limit: Self.sharedLimit) else { return nil }
        _ = try sealed.put(moving: file)
        return try sealed.bytes(of: digest)
    }

    /// The logs written by workers of other machines that are not yet files here.
    public func absent(of digests: [Digest]) -> [Digest] {
        shared == nil ? [] : digests.filter { !sealed.contains($0) }
    }

    /// Downloads logs written by workers of other machines, except those already stored here. A failed download is
    /// repeated when the log is read.
    public func fetch(_ digests: [Digest]) {
        let present = present(among: digests)
        for digest in digests where !present.contains(digest) { _ = try? sharedBytes(of: digest) }
    }

    /// Moves the sealed logs into archives. Readers can find each log at any time.
    ///
    /// - Parameter time: only logs sealed before this time are moved, in seconds since 1970. An archived log has no
    ///   age.
    /// - Returns: the number of logs moved, and their bytes.
    @discardableResult
    public func pack(before time: Int = .max) throws -> (logs: Int, bytes: Int) {
        var moved = (logs: 0, bytes: 0)
        try Files.makeDirectories(archives)
        let byShard = Dictionary(grouping: sealed.list().filter { $0.stored < time }, by: { $0.digest.hex.prefix(1) })
        for (shard, logs) in byShard.sorted(by: { $0.key < $1.key }) {
            let archive =
                try archives(where: { $0.hasPrefix("\(shard).") }).last ?? newArchive("\(archives)/\(shard).0")
            for batch in logs.sorted(by: { $0.stored < $1.stored }).inBatches(of: 64 << 20, by: \.size) {
                try archive.append(
                    batch.compactMap { log in
                        try sealed.bytes(of: log.digest).map { (name: log.digest.hex, bytes: $0) }
                    })
                for log in batch {
                    try sealed.remove(log.digest)
                    moved = (moved.logs + 1, moved.bytes + log.size)
                }
            }
        }
        return moved
    }

    private func newArchive(_ path: String) throws -> MemberArchive {
        // A leftover of an archive that was lost.
        guard unlink("\(path).index") == 0 || errno == ENOENT else {
            throw StoreError.system("remove", "\(path).index", errno)
        }
        return MemberArchive(path: path)
    }

    /// The indexes whose archives are missing.
    func indexesWithoutArchive() -> [String] {
        let all = Set(names(in: archives))
        return all.filter { $0.hasSuffix(".index") && !all.contains(String($0.dropLast(".index".count))) }.sorted()
            .map { "\(archives)/\($0)" }
    }

    /// An archive with unreadable logs.
    struct DamagedArchive {
        let path: String
        /// The names of those logs; empty if the index itself cannot be read.
        let logs: [String]
        let problem: String
    }

    /// The archives with damaged logs or indexes.
    func damagedArchives() -> [DamagedArchive] {
        allArchives.compactMap { archive in
            do {
                let locations = try archive.locations()
                guard !locations.isEmpty || FileStatus(archive.path)?.size == 0 else {
                    return DamagedArchive(path: archive.path, logs: [], problem: "its index is missing or names no log")
                }
                let damaged = locations.filter { name, location in
                    (try? archive.read(location)).map { Digest(of: $0).hex != name } ?? true
                }
                if damaged.isEmpty, try !archive.hasCompleteIndex() {
                    return DamagedArchive(
                        path: archive.path, logs: [], problem: "its index is damaged after \(locations.count) logs")
                }
                guard !damaged.isEmpty else { return nil }
                return DamagedArchive(path: archive.path, logs: damaged.keys.sorted(), problem: "")
            } catch {
                return DamagedArchive(path: archive.path, logs: [], problem: "\(error)")
            }
        }
    }

    /// Rewrites an archive with its readable logs.
    func dropDamaged(_ archive: DamagedArchive) throws {
        let old = MemberArchive(path: archive.path)
        guard let locations = try? old.locations(), !locations.isEmpty else {
            unlink(archive.path + ".index")
            unlink(archive.path)
            return
        }
        // Logs whose names are not digests are removed with them.
        let damaged = Set(archive.logs)
        try rewrite(old, locations.filter { name, _ in !damaged.contains(name) && Digest(hex: name) != nil })
    }

    /// All sealed logs: the digest, the size in bytes, and when it was sealed (nil if it was packed long ago).
    func list() throws -> [(digest: Digest, size: Int, stored: Int?)] {
        var all = sealed.list().map { (digest: $0.digest, size: $0.size, stored: Int?.some($0.stored)) }
        for archive in allArchives {
            for (name, location) in try archive.locations() {
                if let digest = Digest(hex: name) { all.append((digest, location.count, nil)) }
            }
        }
        return all
    }

    /// Removes logs: files immediately, packed ones by rewriting their archives without them.
    func remove(_ digests: Set<Digest>) throws {
        for digest in digests { try sealed.remove(digest) }
        for archive in allArchives {
            try remove(in: archive) { name in Digest(hex: name).map { !digests.contains($0) } ?? true }
        }
    }

    /// Rewrites an archive with some of its logs, unless all are kept.
    private func remove(in archive: MemberArchive, keeping isKept: (String) -> Bool) throws {
        let locations = try archive.locations()
        let kept = locations.filter { name, _ in isKept(name) }
        if kept.count < locations.count { try rewrite(archive, kept) }
    }

    /// Rewrites an archive with some of its logs.
    private func rewrite(_ archive: MemberArchive, _ kept: [String: MemberArchive.Location]) throws {
        let parts = archive.path.split(separator: ".")
        let generation = parts.last.flatMap { Int($0) } ?? 0
        let base = String(archive.path.dropLast(parts.last.map { $0.count + 1 } ?? 0))
        let next = MemberArchive(path: "\(base).\(generation + 1)")
        for batch in kept.sorted(by: { $0.value.offset < $1.value.offset }).inBatches(
            of: 64 << 20, by: \.value.count)
        {
            try next.append(batch.map { (name: $0.key, bytes: try archive.read($0.value)) })
        }
        unlink(archive.path + ".index")
        unlink(archive.path)
    }

    private var allArchives: [MemberArchive] { archives(where: { _ in true }) }

    /// The archives of a shard, `SHARD.GENERATION`; there are two only while one is rewritten.
    private func archives(where matches: (String) -> Bool) -> [MemberArchive] {
        names(in: archives).filter { !$0.hasSuffix(".index") && matches($0) }
            .map { MemberArchive(path: "\(archives)/\($0)") }
    }

    func path(ofRunning name: String) throws -> String {
        if let clone { throw clone.lacks("log '\(name)'") }
        let valid = try StorePath(components: [name])
        return "\(running)/\(valid.name).log"
    }
}

extension Store {
    /// The sealed and running logs.
    public var logs: LogDirectory {
        LogDirectory(directory: layout.logs, clone: layout.clone, shared: options.sharedLogs)
    }
}

extension Array {
    /// Splits the elements into batches with a total `size` of about `limit`.
    func inBatches(of limit: Int, by size: (Element) -> Int) -> [[Element]] {
        var batches: [[Element]] = []
        var total = 0
        for element in self {
            if batches.isEmpty || total + size(element) > limit {
                batches.append([])
                total = 0
            }
            batches[batches.count - 1].append(element)
            total += size(element)
        }
        return batches
    }
}
