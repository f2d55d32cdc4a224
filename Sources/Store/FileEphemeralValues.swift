internal import Glibc
internal import Synchronization
internal import System

/// Live values in files, for the processes of one machine.
///
/// An owner is a file that its process keeps locked: the kernel releases the lock when the process dies, however it
/// dies. Expiry counts by the clock of the machine's start, which nobody sets.
public final class FileEphemeralValues: EphemeralValues {
    private let directory: String
    private let events: FileEvents
    private var owners: String { "\(directory)/owners" }
    private var valuesDirectory: String { "\(directory)/values" }

    /// - Parameter isMade: whether the folders are made where they are absent.
    init(directory: String, changeDetection: ChangeDetection, isMade: Bool = true) throws(StoreError) {
        self.directory = directory
        if isMade {
            try Files.makeDirectories("\(directory)/owners")
            try Files.makeDirectories("\(directory)/values")
        }
        events = FileEvents(folders: ["\(directory)/owners", "\(directory)/values"], changeDetection: changeDetection)
    }

    public func join(_ name: String) throws -> EphemeralOwner {
        let readable = String(name.map { $0.isLetter || $0.isNumber || $0 == "-" ? $0 : "_" }.prefix(60))
        let id = "\(readable).\(getpid()).\(UInt64.random(in: 0...UInt64.max))"
        let path = "\(owners)/\(id)"
        // A sweep must not see the file before it is locked.
        let descriptor: Int32 = try locked { _ in
            let file = try File(path, O_RDWR | O_CREAT | O_EXCL)
            guard try file.tryLock() else { throw StoreError.system("lock", path, EWOULDBLOCK) }
            return file.relinquish()
        }
        let open = Mutex<Int32?>(descriptor)
        return EphemeralOwner(id: id) { [events] in
            guard
                let descriptor = open.withLock({ open in
                    defer { open = nil }
                    return open
                })
            else { return }
            unlink(path)
            close(descriptor)
            events.notify()
        }
    }

    public func value(at path: StorePath) throws -> EphemeralValue? { try read(file(of: path)) }

    public func values(below prefix: StorePath?) throws -> [StorePath: EphemeralValue] {
        var found: [StorePath: EphemeralValue] = [:]
        if let prefix, let value = try value(at: prefix) { found[prefix] = value }
        let folder = prefix.map { "\(valuesDirectory)/\($0)" } ?? valuesDirectory
        for file in files(below: folder) where file.hasSuffix(".value") {
            guard let path = try? StorePath(file.dropFirst(valuesDirectory.count + 1).dropLast(6)) else { continue }
            if let value = try read(file) { found[path] = value }
        }
        return found
    }

    public func set(
        _ bytes: [UInt8], at path: StorePath, owner: EphemeralOwner, lifetime: Duration?,
        expecting: EphemeralExpectation
    ) throws -> UInt64? {
        let version: UInt64? = try locked { lock in
            guard expecting.allows(try value(at: path)) else { return nil }
            let version = try nextVersion(lock)
            let expiry = lifetime.map { "\(Self.now + max(0, $0.milliseconds))" } ?? "-"
            let head = "\(version) \(WriterState.currentBoot) \(expiry) \(owner.id)\n"
            let file = file(of: path)
            if let slash = file.lastIndex(of: "/") { try Files.makeDirectories(String(file[..<slash])) }
            try Files.replace(file, with: Array(head.utf8) + bytes, durability: .none)
            return version
        }
        if version != nil { events.notify() }
        return version
    }

    public func remove(_ path: StorePath, expecting: EphemeralExpectation) throws -> Bool {
        let isRemoved = try locked { lock in
            guard expecting.allows(try value(at: path)) else { return false }
            _ = try nextVersion(lock)
            try Files.remove(file(of: path))
            return true
        }
        if isRemoved { events.notify() }
        return isRemoved
    }

    public func watch(
        below prefix: StorePath?, handler: @escaping @Sendable ([StorePath: EphemeralValue]) -> Void
    ) -> EphemeralWatch {
        let delivery = EphemeralDelivery(reading: { [weak self] in try? self?.values(below: prefix) }, to: handler)
        let token = events.listen(delivery.schedule)
        delivery.schedule()
        return EphemeralWatch { [events] in
            delivery.end()
            events.removeListener(token)
        }
    }

    /// Drops the files of values that are gone and of owners that are dead.
    func sweep() throws {
        try locked { _ in
            for file in files(below: valuesDirectory) where try read(file) == nil { unlink(file) }
            for owner in names(in: owners) where !isAlive(owner) { unlink("\(owners)/\(owner)") }
        }
    }

    /// As `sweep`, where an owner has died: what it owned is gone with it.
    func sweepOwners() throws {
        guard names(in: owners).contains(where: { !isAlive($0) }) else { return }
        try sweep()
    }

    /// Milliseconds since the machine's start, sleep included.
    private static var now: Int {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
    }

    private func file(of path: StorePath) -> String { "\(valuesDirectory)/\(path).value" }

    /// Reads `VERSION BOOT EXPIRY OWNER`, a line end, and the value.
    private func read(_ file: String) throws -> EphemeralValue? {
        guard let bytes = try Files.contents(of: file), let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else {
            return nil
        }
        let words = String(decoding: bytes[..<end], as: UTF8.self).split(separator: " ")
        guard words.count == 4, let version = UInt64(words[0]), words[1] == WriterState.currentBoot else { return nil }
        if let expiry = Int(words[2]), expiry <= Self.now { return nil }
        guard isAlive(String(words[3])) else { return nil }
        return EphemeralValue(bytes: Array(bytes[(end + 1)...]), version: version, owner: String(words[3]))
    }

    private func isAlive(_ owner: String) -> Bool {
        (try? File("\(owners)/\(owner)", O_RDONLY))?.isLockedElsewhere ?? false
    }

    private func locked<Result>(_ body: (borrowing File) throws -> Result) throws -> Result {
        let lock = try File("\(directory)/lock", O_RDWR | O_CREAT)
        try lock.waitForLock()
        let result = try body(lock)
        lock.unlock()
        return result
    }

    private func nextVersion(_ lock: borrowing File) throws -> UInt64 {
        let text = String(decoding: try lock.read(20), as: UTF8.self).prefix { $0.isNumber }
        let next = (UInt64(text) ?? 0) + 1
        try lock.write(Array("\(next)\n".utf8), at: 0)
        return next
    }
}
