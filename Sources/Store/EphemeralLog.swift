internal import Glibc
internal import System

/// The file of ephemeral values: a log of their changes, of which each process reads only the new records.
///
/// Writers hold the lock. A killed writer may leave a partial record, which readers ignore and the next writer
/// truncates. When most of the log is outdated, a compacted log is written to a temporary file and replaces it.
///
/// - SeeAlso: `docs/decisions/0241-log-of-ephemeral-values.md`
struct EphemeralLog: ~Copyable {
    /// The paths that have changed.
    enum ChangedPaths: Sendable {
        case nothing
        case paths([StorePath])
        /// The log was replaced: any path may have changed.
        case all

        fileprivate mutating func add(_ more: ChangedPaths) {
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
    /// Kept open while it is read, so that no other log can get its inode.
    private var file: File?
    private var inode: UInt64 = 0
    private var end = 0
    /// The bytes of the current values.
    private var size = 0
    /// The version of the newest change that was read.
    private(set) var version: UInt64 = 0
    private var unread = ChangedPaths.nothing
    /// The values by directory: their paths without the last name.
    private var groups: [[String]: [StorePath: EphemeralValue]] = [:]
    /// The expiry times of the values that expire, in milliseconds since the machine's start.
    private var expiries: [StorePath: Int] = [:]
    /// The size up to which a log is not compacted.
    private static let limit = 4 << 20

    init(path: String, lock: String) {
        self.path = path
        lockPath = lock
    }

    /// The changes by other processes since the last call, as far as the log has been read.
    mutating func takeChangedPaths() -> ChangedPaths {
        defer { unread = .nothing }
        return unread
    }

    /// The value at `path`, as far as the log has been read.
    func entry(at path: StorePath) -> EphemeralRecord.Entry? {
        groups[Array(path.components.dropLast())]?[path].map {
            EphemeralRecord.Entry(value: $0, expiry: expiries.isEmpty ? nil : expiries[path])
        }
    }

    /// The values at or below a path, as far as the log has been read, and their expiry times.
    func values(
        below prefix: StorePath?
    ) -> (values: [StorePath: EphemeralValue], expiries: [StorePath: Int]) {
        var found: [StorePath: EphemeralValue] = [:]
        for (directory, values) in groups where prefix.map({ directory.starts(with: $0.components) }) ?? true {
            if found.isEmpty { found = values } else { found.merge(values) { $1 } }
        }
        if let prefix, let own = groups[Array(prefix.components.dropLast())]?[prefix] { found[prefix] = own }
        return (found, expiries)
    }

    // MARK: Reading

    /// Reads new records.
    mutating func refresh() throws(StoreError) {
        guard let named = FileStatus(path) else {
            if file != nil { unread.add(.all) }
            forget()
            return
        }
        if file != nil, named.inode == inode, named.size >= end {
            if named.size > end { unread.add(.paths(try readOn(to: named.size))) }
            return
        }
        unread.add(.all)
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

    /// - Returns: the paths that have changed.
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
            let directory = Array(operation.path.components.dropLast())
            switch operation {
            case .set(let path, let entry):
                size += entry.value.bytes.count + 100
                let old = groups[directory, default: [:]].updateValue(entry.value, forKey: path)
                if let old { size -= old.bytes.count + 100 }
                if entry.expiry != nil || !expiries.isEmpty { expiries[path] = entry.expiry }
            case .remove(let path):
                if let old = groups[directory]?.removeValue(forKey: path) { size -= old.bytes.count + 100 }
                if groups[directory]?.isEmpty == true { groups[directory] = nil }
                if !expiries.isEmpty { expiries[path] = nil }
            }
        }
    }

    // MARK: Writing

    /// Runs `body` under the lock with an up-to-date state.
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

    /// Changes several values atomically. The lock must be held.
    ///
    /// - Parameters:
    ///   - operations: receives the version of the change.
    ///   - isAlive: whether a value is still valid; used if the log is compacted.
    /// - Returns: the version.
    mutating func change(
        isAlive: (EphemeralRecord.Entry) -> Bool, _ operations: (UInt64) -> [EphemeralRecord.Operation]
    ) throws -> UInt64 {
        let next = version + 1
        let record = EphemeralRecord(version: next, operations: operations(next))
        let bytes = record.bytes(boot: WriterState.currentBoot)
        // Opened for each change, because the kernel notifies readers when a writer closes the file.
        let writer = try File(path, O_WRONLY | O_CREAT)
        if file == nil { try refresh() }
        if writer.size > end { try writer.truncate(to: end) }
        try writer.write(bytes, at: end)
        apply(record)
        end += bytes.count
        // The change has been made; if compaction fails, it is retried after the next change.
        if end > max(Self.limit, 4 * size) { try? rewrite(keeping: isAlive) }
        return next
    }

    /// Writes a compacted log without outdated records. The lock must be held.
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
