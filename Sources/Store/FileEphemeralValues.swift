internal import Glibc
internal import Synchronization
internal import System

/// Ephemeral values in a file, for the processes of one machine.
///
/// An owner is a file that its process keeps locked: the kernel releases the lock when the process ends in any way.
/// Expiry times refer to the clock since boot, which cannot be set. A value without owner and expiry survives a reboot
/// of the machine.
///
/// - SeeAlso: `docs/decisions/0034-ephemeral-owners.md`
public final class FileEphemeralValues: EphemeralValues {
    private struct Watches {
        var all: [UInt64: (prefix: StorePath?, schedule: @Sendable () -> Void)] = [:]
        var next: UInt64 = 0
        /// The listeners that exist while there is a watch.
        var tokens: [UInt64] = []
    }

    private let directory: String
    private let events: FileEvents
    private let log: Mutex<EphemeralLog>
    private let watches = Mutex(Watches())
    /// Owners that joined through this object, which need no check.
    private let ownOwners = Mutex<Set<String>>([])
    private var owners: String { "\(directory)/owners" }
    private var logDirectory: String { "\(directory)/log" }

    /// - Parameter isMade: whether missing directories are created.
    init(directory: String, changeDetection: ChangeDetection, isMade: Bool = true) throws(StoreError) {
        self.directory = directory
        let directories = ["\(directory)/owners", "\(directory)/log"]
        if isMade { for directory in directories { try Files.makeDirectories(directory) } }
        log = Mutex(EphemeralLog(path: "\(directory)/log/values", lock: "\(directory)/lock"))
        events = FileEvents(directories: directories, changeDetection: changeDetection)
    }

    public func join(_ name: String) throws -> EphemeralOwner {
        let readable = String(name.map { $0.isLetter || $0.isNumber || $0 == "-" ? $0 : "_" }.prefix(60))
        let id = "\(readable).\(getpid()).\(UInt64.random(in: 0...UInt64.max))"
        let path = "\(owners)/\(id)"
        // A concurrent sweep must not see the file before it is locked.
        let descriptor: Int32 = try locked { _ in
            let file = try File(path, O_RDWR | O_CREAT | O_EXCL)
            guard try file.tryLock() else { throw StoreError.system("lock", path, EWOULDBLOCK) }
            return file.relinquish()
        }
        _ = ownOwners.withLock { $0.insert(id) }
        let open = Mutex<Int32?>(descriptor)
        return EphemeralOwner(id: id) { [weak self] in
            guard
                let descriptor = open.withLock({ open in
                    defer { open = nil }
                    return open
                })
            else { return }
            _ = self?.ownOwners.withLock { $0.remove(id) }
            unlink(path)
            close(descriptor)
            self?.notify(.all)
        }
    }

    public func value(at path: StorePath) throws -> EphemeralValue? {
        let entry = try read { $0.entry(at: path) }
        return entry.flatMap { isAlive($0) ? $0.value : nil }
    }

    public func values(below prefix: StorePath?) throws -> [StorePath: EphemeralValue] {
        let found = try read { $0.values(below: prefix) }
        return alive(found.values, found.expiries)
    }

    public func change(_ changes: [StorePath: EphemeralChange]) throws -> UInt64? {
        let now = Self.now
        let version: UInt64? = try locked { log in
            for (path, change) in changes {
                guard isAllowed(change.expecting, at: path, log) else { return nil }
            }
            // A value that does not exist need not be removed.
            let needed = changes.filter { $1.bytes != nil || log.entry(at: $0) != nil }
            if needed.isEmpty { return log.version }
            return try log.change(isAlive: isAlive) { version in
                needed.map { path, change in
                    guard let bytes = change.bytes else { return .remove(path) }
                    let value = EphemeralValue(bytes: bytes, version: version, owner: change.owner?.id)
                    let expiry = change.lifetime.map { now + max(0, $0.milliseconds) }
                    return .set(path, EphemeralRecord.Entry(value: value, expiry: expiry))
                }
            }
        }
        if version != nil { notify(.paths(Array(changes.keys))) }
        return version
    }

    private func isAllowed(
        _ expectation: EphemeralExpectation, at path: StorePath, _ log: borrowing EphemeralLog
    ) -> Bool {
        if expectation == .anything { return true }
        let entry = log.entry(at: path).flatMap { isAlive($0) ? $0 : nil }
        return expectation.allows(entry?.value, expires: entry?.expiry != nil)
    }

    /// Removes values that have ended, and the files of dead owners.
    func sweep() throws {
        try locked { log in
            let (values, expiries) = log.values(below: nil)
            if alive(values, expiries).count < values.count { try log.rewrite(keeping: isAlive) }
            for owner in names(in: owners) where !isAlive(owner) { unlink("\(owners)/\(owner)") }
        }
    }

    /// Like `sweep`, if an owner has died.
    func sweepOwners() throws {
        guard names(in: owners).contains(where: { !isAlive($0) }) else { return }
        try sweep()
    }

    private func locked<Result: Sendable>(_ body: (inout EphemeralLog) throws -> Result) throws -> Result {
        try withLog { log in try log.locked(body) }
    }

    private func read<Result: Sendable>(_ body: (borrowing EphemeralLog) -> Result) throws -> Result {
        try withLog { log in
            try log.refresh()
            return body(log)
        }
    }

    /// Changes in the log are reported even if `body` fails: this is the only time at which they are seen as new.
    private func withLog<Result: Sendable>(_ body: (inout EphemeralLog) throws -> Result) throws -> Result {
        let (result, changed) = log.withLock { log in
            let result = Swift.Result<Result, any Error> { try body(&log) }
            return (result, log.takeChangedPaths())
        }
        notify(changed)
        return try result.get()
    }

    // MARK: Liveness

    /// Milliseconds since boot, including suspension.
    private static var now: Int {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
    }

    private func isAlive(_ entry: EphemeralRecord.Entry) -> Bool {
        if let expiry = entry.expiry, expiry <= Self.now { return false }
        return entry.value.owner.map(isAlive) ?? true
    }

    private func isAlive(_ owner: String) -> Bool {
        if ownOwners.withLock({ $0.contains(owner) }) { return true }
        return (try? File("\(owners)/\(owner)", O_RDONLY))?.isLockedElsewhere ?? false
    }

    /// The values that are still valid. Each owner is checked once.
    private func alive(
        _ values: [StorePath: EphemeralValue], _ expiries: [StorePath: Int]
    ) -> [StorePath: EphemeralValue] {
        var areAlive: [String: Bool] = [:]
        var last: (owner: String, isAlive: Bool)?
        var gone: [StorePath] = []
        let now = Self.now
        for (path, value) in values {
            if !expiries.isEmpty, let expiry = expiries[path], expiry <= now { gone.append(path) }
            guard let owner = value.owner else { continue }
            if last?.owner != owner {
                let known = areAlive[owner] ?? isAlive(owner)
                areAlive[owner] = known
                last = (owner, known)
            }
            if last?.isAlive == false { gone.append(path) }
        }
        if gone.isEmpty { return values }
        var values = values
        for path in gone { values[path] = nil }
        return values
    }
}

// MARK: Watches

extension FileEphemeralValues {
    public func watch(
        below prefix: StorePath?, handler: @escaping @Sendable ([StorePath: EphemeralValue]) -> Void
    ) -> EphemeralWatch {
        let delivery = StateDelivery(reading: { [weak self] in try? self?.values(below: prefix) }, to: handler)
        let token = watches.withLock { watches in
            watches.next += 1
            watches.all[watches.next] = (prefix, delivery.schedule)
            if watches.tokens.isEmpty {
                watches.tokens = [
                    events.listen(to: logDirectory) { [weak self] in self?.readOn() },
                    events.listen(to: owners) { [weak self] in self?.notify(.all) },
                ]
            }
            return watches.next
        }
        delivery.schedule()
        return EphemeralWatch { [weak self] in
            delivery.end()
            self?.endWatch(token)
        }
    }

    private func endWatch(_ token: UInt64) {
        let tokens: [UInt64] = watches.withLock { watches in
            watches.all[token] = nil
            guard watches.all.isEmpty else { return [] }
            defer { watches.tokens = [] }
            return watches.tokens
        }
        for token in tokens { events.removeListener(token) }
    }

    /// Reads the log after another process may have changed it.
    private func readOn() {
        try? read { _ in }
    }

    /// Schedules the watches that are affected by a change.
    private func notify(_ changed: EphemeralLog.ChangedPaths) {
        if case .nothing = changed { return }
        let concerned = watches.withLock { watches in
            watches.all.values.filter { watch in
                guard case .paths(let paths) = changed, let prefix = watch.prefix else { return true }
                return paths.contains { $0.isInside(prefix) }
            }.map(\.schedule)
        }
        for schedule in concerned { schedule() }
    }
}
