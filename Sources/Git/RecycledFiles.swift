internal import Glibc
internal import Synchronization
internal import System

/// Files that are no longer needed and are kept to be rewritten under another name.
///
/// Creating a small file can cost more than syncing it: ext4 without a journal skips every inode that was freed in the
/// last few minutes. A process that continually creates and deletes a few files saves time by keeping them. A file is
/// rewritten only if no process can notice: it has no other name, no process has it open, and it has been unused for
/// longer than a lookup-then-open race can last.
///
/// - SeeAlso: `docs/decisions/0091-recycled-files.md`
package final class RecycledFiles: Sendable {
    /// The use of a file before and after recycling: the uses differ in size.
    package enum Kind: String, Sendable, CaseIterable {
        case pack, index, reference, object
    }

    /// A file that is open for writing from its start.
    package struct Spare: Sendable {
        /// The file, open for writing.
        package let descriptor: Int32
        /// The path of the file.
        package let path: String
        /// The size of its old contents in bytes.
        package let size: Int
    }

    private struct State {
        /// Files that have not been examined yet, the oldest first.
        var waiting: [Kind: [String]] = [:]
        /// Files that can be rewritten immediately.
        var ready: [Kind: [(path: String, size: Int)]] = [:]
        var requestCount = 0
        var nameCount = 0

        mutating func takeReady(_ kind: Kind, size: Int) -> (path: String, size: Int)? {
            guard let last = ready[kind]?.indices.last else { return nil }
            let index = ready[kind]?.lastIndex { $0.size <= size } ?? last
            return ready[kind]?.remove(at: index)
        }

        func count(_ kind: Kind) -> Int { waiting[kind, default: []].count + ready[kind, default: []].count }
    }

    private static let limit = 256
    /// How many files are examined for one that no process has open. The handles of this process keep merged packs
    /// mapped for up to a second.
    private static let attempts = 16
    /// Larger files are not kept. A batch of results is a pack of some hundred kilobytes.
    package static let largest = 1 << 20
    private let directory: String
    private let threshold: Int
    private let minimumAge: Int
    private let prefix = "\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
    private let state = Mutex(State())

    /// Keeps files in `directory`, which is created when needed.
    ///
    /// - Parameters:
    ///   - threshold: the number of requests to refuse first, because keeping files pays only for processes that write
    ///     much.
    ///   - minimumAge: the milliseconds for which a file must be unused before it is rewritten.
    package init(directory: String, after threshold: Int, minimumAge: Int = 50) {
        self.directory = directory
        self.threshold = threshold
        self.minimumAge = minimumAge
    }

    deinit {
        let paths = state.withLock { state in
            state.waiting.values.flatMap(\.self) + state.ready.values.flatMap { $0.map(\.path) }
        }
        for path in paths { unlink(path) }
    }

    /// Returns a file to rewrite, which the caller must rename or remove; nil if there is none.
    ///
    /// - Parameter size: the number of bytes to write: a file that is not larger need not be truncated.
    package func take(_ kind: Kind, size: Int) -> Spare? {
        let ready = state.withLock { state in
            state.requestCount += 1
            return state.takeReady(kind, size: size)
        }
        if let ready {
            let descriptor = open(ready.path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW)
            if descriptor >= 0 { return Spare(descriptor: descriptor, path: ready.path, size: ready.size) }
        }
        return examineNext(kind)
    }

    /// Examines unused files in advance, so that `take` need not.
    package func examine() {
        for kind in Kind.allCases {
            let count = state.withLock { $0.waiting[kind, default: []].count }
            for _ in 0..<count {
                guard let spare = examineNext(kind) else { break }
                close(spare.descriptor)
                state.withLock { $0.ready[kind, default: []].append((spare.path, spare.size)) }
            }
        }
    }

    /// The oldest unused file, if it can be rewritten.
    private func examineNext(_ kind: Kind) -> Spare? {
        for _ in 0..<Self.attempts {
            guard let path = oldest(kind) else { return nil }
            let descriptor = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW)
            guard descriptor >= 0 else {
                unlink(path)
                continue
            }
            var status = stat()
            guard fstat(descriptor, &status) == 0, status.st_nlink == 1 else {
                close(descriptor)
                unlink(path)
                continue
            }
            guard Self.age(of: status) >= minimumAge else {
                close(descriptor)
                state.withLock { $0.waiting[kind, default: []].insert(path, at: 0) }
                return nil
            }
            guard isOnlyOpenHere(descriptor) else {
                close(descriptor)
                state.withLock { $0.waiting[kind, default: []].append(path) }
                continue
            }
            return Spare(descriptor: descriptor, path: path, size: Int(status.st_size))
        }
        return nil
    }

    /// Gives a file a second name to keep it, unless enough files are kept. Must be called before its first name is
    /// given to another file.
    ///
    /// - Returns: the second name, to be passed to `add` once the first one is removed; nil if the file is not kept.
    package func link(_ name: String, _ kind: Kind) -> String? {
        guard let path = freePath(kind), Glibc.link(name, path) == 0 else { return nil }
        return path
    }

    /// Moves files from their directory, and deletes those that cannot be kept.
    ///
    /// - Parameter origin: the directory of all the files. It is synced before any of them is rewritten.
    package func move(_ files: [(path: String, kind: Kind)], from origin: String) {
        var moved: [(path: String, kind: Kind)] = []
        for file in files {
            if let path = moveToDirectory(file.path, file.kind) {
                moved.append((path, file.kind))
            } else {
                unlink(file.path)
            }
        }
        guard !moved.isEmpty else { return }
        if isSynchronized(origin) {
            for file in moved { add(file.path, file.kind) }
        } else {
            for file in moved { unlink(file.path) }
        }
    }

    /// Moves a file whose contents all readers verify by its name: after a power failure, it may be at its old path
    /// with other contents, because its directory is not synced.
    ///
    /// - Returns: false if the file cannot be kept; it is unchanged then.
    package func keep(_ path: String, _ kind: Kind) -> Bool {
        guard let moved = moveToDirectory(path, kind) else { return false }
        add(moved, kind)
        return true
    }

    /// Moves a file into the directory of spare files; nil if it cannot be kept.
    private func moveToDirectory(_ file: String, _ kind: Kind) -> String? {
        var status = stat()
        guard lstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= Self.largest,
            status.st_nlink == 1, let path = freePath(kind), (try? Files.rename(file, path)) != nil
        else { return nil }
        chmod(path, 0o644)
        return path
    }

    /// Keeps a file whose only name is in the directory of spare files.
    package func add(_ path: String, _ kind: Kind) {
        state.withLock { $0.waiting[kind, default: []].append(path) }
    }

    private func oldest(_ kind: Kind) -> String? {
        state.withLock { state in
            state.waiting[kind, default: []].isEmpty ? nil : state.waiting[kind]?.removeFirst()
        }
    }

    /// A new path for a file to keep; nil if enough files are kept.
    private func freePath(_ kind: Kind) -> String? {
        let number: Int? = state.withLock { state in
            guard state.requestCount >= threshold, state.count(kind) < Self.limit else { return nil }
            state.nameCount += 1
            return state.nameCount
        }
        guard let number else { return nil }
        if number == 1 { try? Files.makeDirectories(directory) }
        return "\(directory)/\(kind.rawValue)-\(prefix)-\(number)"
    }

    /// The milliseconds since the file's names or contents were changed.
    private static func age(of status: stat) -> Int {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let changed = status.st_ctim
        return (now.tv_sec - changed.tv_sec) * 1_000 + (now.tv_nsec - changed.tv_nsec) / 1_000_000
    }

    /// The kernel grants a lease for writing only if no other process has the file open or mapped.
    private func isOnlyOpenHere(_ descriptor: Int32) -> Bool { FileLease(.writing, on: descriptor) != nil }

    private func isSynchronized(_ directory: String) -> Bool {
        (try? Files.File(directory, O_RDONLY | O_DIRECTORY).synchronizeFully()) != nil
    }
}
