internal import Glibc
internal import System

/// The file that ephemeral values are in: a log of their changes, of which each process reads what is new to it.
///
/// Whoever changes something holds the lock. A writer that is killed leaves a part of a record, which readers pass over and the next
/// writer cuts off. When most of the log is outdated it is written again, aside, and replaced.
///
/// - SeeAlso: `docs/decisions/0241-log-of-ephemeral-values.md`
struct EphemeralLog: ~Copyable {
    /// What has changed.
    enum News: Sendable {
        case nothing
        case paths([StorePath])
        /// The log is another one: all of them, perhaps.
        case all

        fileprivate mutating func add(_ more: News) {
            switch (self, more) {
            case (_, .nothing), (.all, _): break
            case (.nothing, _), (_, .all): self = more
            case (.paths(let paths), .paths(let others)): self = .paths(paths + others)
            }
        }
    }

    private let path: String
    private let lockPath: String
    private var lock: File?
    /// Open as long as it is read, so that no other log can have its inode.
    private var file: File?
    private var inode: UInt64 = 0
    private var end = 0
    /// Bytes of the values that are not outdated.
    private var size = 0
    /// Of the newest change that was read.
    private(set) var version: UInt64 = 0
    private var news = News.nothing
    /// By the folders that they are in: the paths without the last name.
    private var groups: [[String]: [StorePath: EphemeralValue]] = [:]
    /// Of those values that expire: milliseconds since the machine's start.
    private var expiries: [StorePath: Int] = [:]
    /// A smaller log is not written again.
    private static let limit = 4 << 20

    init(path: String, lock: String) {
        self.path = path
        lockPath = lock
    }

    /// What others have changed since this was called last, as far as the log was read.
    mutating func takeNews() -> News {
        defer { news = .nothing }
        return news
    }

    /// The value at `path`, as far as the log was read.
    func entry(at path: StorePath) -> EphemeralRecord.Entry? {
        groups[Array(path.components.dropLast())]?[path].map {
            EphemeralRecord.Entry(value: $0, expiry: expiries.isEmpty ? nil : expiries[path])
        }
    }

    /// The values at or below a path, as far as the log was read, and when those expire that do.
    func values(
        below prefix: StorePath?
    ) -> (values: [StorePath: EphemeralValue], expiries: [StorePath: Int]) {
        var found: [StorePath: EphemeralValue] = [:]
        for (folder, values) in groups where prefix.map({ folder.starts(with: $0.components) }) ?? true {
            if found.isEmpty { found = values } else { found.merge(values) { $1 } }
        }
        if let prefix, let own = groups[Array(prefix.components.dropLast())]?[prefix] { found[prefix] = own }
        return (found, expiries)
    }

    // MARK: Reading

    /// Reads what is new.
    mutating func refresh() throws(StoreError) {
        guard let named = FileStatus(path) else {
            if file != nil { news.add(.all) }
            forget()
            return
        }
        if file != nil, named.inode == inode, named.size >= end {
            if named.size > end { news.add(.paths(try readOn(to: named.size))) }
            return
        }
        news.add(.all)
        forget()
        guard let opened = try File.ifPresent(path), let status = opened.status else { return }
        inode = status.inode
        file = consume opened
        _ = try readOn(to: status.size)
    }

    private mutating func forget() {
        file = nil
        (inode, end, size, version, groups, expiries) = (0, 0, 0, 0, [:], [:])
    }

    /// - Returns: the paths of what has changed.
    private mutating func readOn(to newEnd: Int) throws(StoreError) -> [StorePath] {
        guard let bytes = try file?.read(newEnd - end, at: end) else { return [] }
        var changed: [StorePath] = []
        var start = 0
        while let (record, next) = EphemeralRecord.read(bytes, at: start, boot: WriterState.currentBoot) {
            apply(record)
            changed += record.operations.map(\.path)
            start = next
        }
        end += start
        return changed
    }

    private mutating func apply(_ record: EphemeralRecord) {
        version = max(version, record.version)
        for operation in record.operations {
            let folder = Array(operation.path.components.dropLast())
            switch operation {
            case .set(let path, let entry):
                size += entry.value.bytes.count + 100
                let old = groups[folder, default: [:]].updateValue(entry.value, forKey: path)
                if let old { size -= old.bytes.count + 100 }
                if entry.expiry != nil || !expiries.isEmpty { expiries[path] = entry.expiry }
            case .remove(let path):
                if let old = groups[folder]?.removeValue(forKey: path) { size -= old.bytes.count + 100 }
                if groups[folder]?.isEmpty == true { groups[folder] = nil }
                if !expiries.isEmpty { expiries[path] = nil }
            }
        }
    }

    // MARK: Writing

    /// Runs `body` while no other process changes anything, and what the log says is known.
    mutating func locked<Result>(_ body: (inout EphemeralLog) throws -> Result) throws -> Result {
        if lock == nil { lock = try File(lockPath, O_RDWR | O_CREAT) }
        try lock?.waitForLock()
        do {
            try refresh()
            let result = try body(&self)
            lock?.unlock()
            return result
        } catch {
            lock?.unlock()
            throw error
        }
    }

    /// Changes values, in one step. Only while locked.
    ///
    /// - Parameters:
    ///   - operations: are given the version of the change.
    ///   - isAlive: whether a value is still there; asked where the log is written again.
    /// - Returns: the version.
    mutating func change(
        isAlive: (EphemeralRecord.Entry) -> Bool, _ operations: (UInt64) -> [EphemeralRecord.Operation]
    ) throws -> UInt64 {
        let next = version + 1
        let record = EphemeralRecord(version: next, operations: operations(next))
        let bytes = record.bytes(boot: WriterState.currentBoot)
        // Opened for this, so that the kernel tells of its being closed.
        let writer = try File(path, O_WRONLY | O_CREAT)
        if file == nil { try refresh() }
        if writer.size > end { try writer.truncate(to: end) }
        try writer.write(bytes, at: end)
        apply(record)
        end += bytes.count
        // The change has been made; what cannot be written again now is at the next change.
        if end > max(Self.limit, 4 * size) { try? rewrite(keeping: isAlive) }
        return next
    }

    /// Writes the log again, without what is outdated. Only while locked.
    mutating func rewrite(keeping isAlive: (EphemeralRecord.Entry) -> Bool) throws {
        let kept = values(below: nil).values.map { path, value in
            (path, EphemeralRecord.Entry(value: value, expiry: expiries[path]))
        }.filter { isAlive($0.1) }
        let record = EphemeralRecord(
            version: version, operations: kept.map { EphemeralRecord.Operation.set($0.0, $0.1) })
        try Files.replace(path, with: record.bytes(boot: WriterState.currentBoot), durability: .contents)
        try refresh()
    }
}
