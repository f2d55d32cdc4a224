internal import Git
internal import Glibc
internal import System

/// The file of a branch and its lock, with the protocol of stock git: the process that created `NAME.lock` may rename
/// it.
///
/// Unlike git's, our lock file appears with its complete contents, by which a lock of a dead writer of ours is
/// recognised.
///
/// - SeeAlso: `docs/decisions/0031-lock-files.md`
struct ReferenceFile {
    /// `refs/heads/…`.
    let name: String
    /// The directory of the repository.
    let directory: String

    private var path: String { "\(directory)/\(name)" }
    var lockPath: String { "\(path).lock" }

    /// The object that the reference points to; nil if it does not exist.
    ///
    /// - Throws: `StoreError` of kind `corrupted` if the file has other contents.
    func read(_ repository: GitRepository) throws -> ObjectID? {
        var bytes: [UInt8]?
        do throws(StoreError) {
            bytes = try Files.contents(of: path, limit: 64)
        } catch {
            // A directory with other branches.
            guard FileStatus(path)?.isDirectory == true else { throw error }
        }
        guard let bytes else { return try repository.reference(name) }
        if bytes.starts(with: Array("ref: ".utf8)) { return try repository.reference(name) }
        if case .commit(let id) = ReferenceContents(bytes), id != .zero { return id }
        throw StoreError(
            .corrupted, "store: '\(path)' contains \(FileStatus(path)?.size ?? 0) bytes that are not a commit id",
            hint: "`ci store verify --repair` sets it to the last known commit")
    }

    /// Acquires the lock with `new` as its contents; false if another process holds it.
    ///
    /// - Parameter spares: provides a file to recycle.
    func lock(_ new: ObjectID, _ spares: RecycledFiles? = nil) throws(StoreError) -> Bool {
        let aside = try writeAside(new, spares)
        do throws(StoreError) {
            if try place(aside) { return true }
        } catch {
            unlink(aside)
            throw error
        }
        unlink(aside)
        return false
    }

    /// Renames the file `aside` to the lock; false if the lock exists.
    private func place(_ aside: String) throws(StoreError) -> Bool {
        do throws(SystemError) {
            return try FileSystem<SystemError>.renameWithoutReplacing(aside, lockPath)
        } catch {
            guard error.code == ENOENT else { throw StoreError.system("lock", path, error.code) }
        }
        try Files.makeDirectories(String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)]))
        return try Files.renameWithoutReplacing(aside, lockPath)
    }

    /// Writes the reference's new contents to a temporary file and returns its path.
    private func writeAside(_ new: ObjectID, _ spares: RecycledFiles?) throws(StoreError) -> String {
        let line = Array("\(new)\n".utf8)
        if let spare = spares?.take(.reference, size: line.count) {
            let file = File(adopting: spare.descriptor, spare.path)
            if spare.size == line.count {
                try file.write(line, at: 0)
                return spare.path
            }
            unlink(spare.path)
        }
        let aside = "\(directory)/ciso/reference.\(getpid()).tmp"
        unlink(aside)
        let file = try File(aside, O_WRONLY | O_CREAT | O_EXCL, mode: 0o644)
        // With preallocated blocks, ext4 does not write out the file when it is renamed over another one (1.4 ms).
        _ = posix_fallocate(file.descriptor, 0, off_t(line.count))
        try file.write(line, at: 0)
        return aside
    }

    /// Moves the reference to the value in the lock file and releases the lock.
    ///
    /// - Parameter spares: receives the old file of the reference.
    func commit(_ spares: RecycledFiles? = nil, beforeMove: () throws -> Void = {}) throws {
        let spare = spares?.link(path, .reference)
        do {
            try beforeMove()
            try move()
        } catch {
            if let spare { unlink(spare) }
            throw error
        }
        if let spare { spares?.add(spare, .reference) }
    }

    private func move() throws(StoreError) {
        do throws(SystemError) {
            return try FileSystem<SystemError>.rename(lockPath, path)
        } catch {
            guard [EISDIR, ENOTEMPTY, EEXIST].contains(error.code) else {
                throw StoreError.system("move", path, error.code)
            }
        }
        // An empty directory left by stock git; a non-empty one remains.
        rmdir(path)
        try Files.rename(lockPath, path)
    }

    /// The age in seconds after which a lock of stock git, which holds locks only briefly, is considered abandoned.
    static let abandonedLockAge = 600

    /// Removes the lock of a git process that was killed. Must be called while no other writer of ours is active.
    ///
    /// - Returns: whether there was such a lock.
    func removeAbandonedLock() -> Bool {
        guard let status = FileStatus(lockPath), Int(systemTime()) - status.modified > Self.abandonedLockAge else {
            return false
        }
        return unlink(lockPath) == 0
    }

    /// Releases the lock without moving the reference.
    func unlock() { unlink(lockPath) }

    /// Removes a lock left by a dead writer of ours: one that contains exactly `new`.
    func removeStaleLock(holding new: ObjectID) throws(StoreError) {
        if try Files.contents(of: lockPath) == Array("\(new)\n".utf8) { unlink(lockPath) }
    }

    /// A branch that git cannot keep together with this one, because one name would be the directory of the other.
    func neighbour(in repository: GitRepository) throws -> String? {
        try repository.references().first { $0.hasPrefix(name + "/") || name.hasPrefix($0 + "/") }
    }
}
