internal import Glibc
internal import Synchronization
internal import System

/// Live values in files, for the processes of one machine.
///
/// An owner is a file that its process keeps locked: the kernel releases the lock when the process dies, however it
/// dies. Expiry counts by the clock of the machine's start, which cannot be set. A value without owner and expiry outlives a
/// restart of the machine.
public final class FileEphemeralValues: EphemeralValues {
    private let directory: String
    private let events: FileEvents
    private let isMade: Bool
    private var owners: String { "\(directory)/owners" }
    private var valuesDirectory: String { "\(directory)/values" }

    /// - Parameter isMade: whether the folders are made where they are absent.
    init(directory: String, changeDetection: ChangeDetection, isMade: Bool = true) throws(StoreError) {
        self.directory = directory
        self.isMade = isMade
        if isMade {
            try Files.makeDirectories("\(directory)/owners")
            try Files.makeDirectories("\(directory)/values")
        }
        events = FileEvents(folders: ["\(directory)/owners"], changeDetection: changeDetection)
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

    public func value(at path: StorePath) throws -> EphemeralValue? {
        var owners = KnownOwners(self)
        return try read(file(of: path), &owners)
    }

    public func values(below prefix: StorePath?) throws -> [StorePath: EphemeralValue] {
        var found: [StorePath: EphemeralValue] = [:]
        var owners = KnownOwners(self)
        if let prefix, let value = try read(file(of: prefix), &owners) { found[prefix] = value }
        let folder = prefix.map { "\(valuesDirectory)/\($0)" } ?? valuesDirectory
        for file in files(below: folder) where file.hasSuffix(".value") {
            guard let path = try? StorePath(file.dropFirst(valuesDirectory.count + 1).dropLast(6)) else { continue }
            if let value = try read(file, &owners) { found[path] = value }
        }
        return found
    }

    public func set(
        _ bytes: [UInt8], at path: StorePath, owner: EphemeralOwner?, lifetime: Duration?,
        expecting: EphemeralExpectation
    ) throws -> UInt64? {
        let file = file(of: path)
        let version: UInt64? = try locked { lock in
            guard try isAllowed(expecting, at: path) else { return nil }
            let version = try nextVersion(lock)
            let expiry = lifetime.map { "\(Self.now + max(0, $0.milliseconds))" } ?? "-"
            let head = "\(version) \(WriterState.currentBoot) \(expiry) \(owner?.id ?? "-")\n"
            if let slash = file.lastIndex(of: "/") { try Files.makeDirectories(String(file[..<slash])) }
            try Files.replace(file, with: Array(head.utf8) + bytes, durability: .none)
            return version
        }
        if version != nil { events.notify(of: [file]) }
        return version
    }

    public func remove(_ expected: [StorePath: EphemeralExpectation]) throws -> Bool {
        let isRemoved = try locked { lock in
            for (path, expectation) in expected {
                guard try isAllowed(expectation, at: path) else { return false }
            }
            _ = try nextVersion(lock)
            for path in expected.keys {
                try Files.remove(file(of: path))
                removeEmptyFolders(above: path)
            }
            return true
        }
        if isRemoved { events.notify(of: expected.keys.map(file)) }
        return isRemoved
    }

    private func isAllowed(_ expectation: EphemeralExpectation, at path: StorePath) throws -> Bool {
        expectation == .anything ? true : expectation.allows(try value(at: path))
    }

    /// Folders of the first level stay: watches of what is in them rely on that.
    private func removeEmptyFolders(above path: StorePath) {
        var folder = path.parent
        while let next = folder, next.components.count > 1, rmdir("\(valuesDirectory)/\(next)") == 0 {
            folder = next.parent
        }
    }

    public func watch(
        below prefix: StorePath?, handler: @escaping @Sendable ([StorePath: EphemeralValue]) -> Void
    ) -> EphemeralWatch {
        let delivery = StateDelivery(reading: { [weak self] in try? self?.values(below: prefix) }, to: handler)
        // Of the folder that contains the values, changes are noticed once it is there.
        if isMade, let parent = prefix?.parent { try? Files.makeDirectories("\(valuesDirectory)/\(parent)") }
        let scope = prefix.map { "\(valuesDirectory)/\($0)" } ?? valuesDirectory
        let token = events.listen(to: scope, delivery.schedule)
        delivery.schedule()
        return EphemeralWatch { [events] in
            delivery.end()
            events.removeListener(token)
        }
    }

    /// Drops the files of values that are gone and of owners that are dead.
    func sweep() throws {
        try locked { _ in
            var known = KnownOwners(self)
            for file in files(below: valuesDirectory) where try read(file, &known) == nil { unlink(file) }
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

    /// Reads `VERSION BOOT EXPIRY OWNER`, a line end, and the value. Of what has no expiry or owner, that is `-`.
    private func read(_ file: String, _ owners: inout KnownOwners) throws -> EphemeralValue? {
        guard let bytes = try Files.contents(of: file), let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else {
            return nil
        }
        let words = String(decoding: bytes[..<end], as: UTF8.self).split(separator: " ")
        guard words.count == 4, let version = UInt64(words[0]) else { return nil }
        let owner = words[3] == "-" ? nil : String(words[3])
        if owner != nil || words[2] != "-" { guard words[1] == WriterState.currentBoot else { return nil } }
        if let expiry = Int(words[2]), expiry <= Self.now { return nil }
        if let owner, !owners.areAlive(owner) { return nil }
        return EphemeralValue(bytes: Array(bytes[(end + 1)...]), version: version, owner: owner)
    }

    /// Which owners live, found out once for all values that are read together.
    private struct KnownOwners {
        private let values: FileEphemeralValues
        private var areAlive: [String: Bool] = [:]

        init(_ values: FileEphemeralValues) { self.values = values }

        mutating func areAlive(_ owner: String) -> Bool {
            if let known = areAlive[owner] { return known }
            let isAlive = values.isAlive(owner)
            areAlive[owner] = isAlive
            return isAlive
        }
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
