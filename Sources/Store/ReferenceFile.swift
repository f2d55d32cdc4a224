internal import Git
internal import Glibc
internal import System

/// A branch's own file and its lock, by the same protocol as stock git's: the process that makes `NAME.lock` may rename it.
///
/// Unlike git's, our lock file appears with its whole contents: a lock of ours whose owner died is known by them.
///
/// - SeeAlso: `docs/decisions/0031-lock-files.md`
struct ReferenceFile {
    /// `refs/heads/…`.
    let name: String
    /// The folder of the repository.
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
            // The folder of other branches.
            guard FileStatus(path)?.isDirectory == true else { throw error }
        }
        guard let bytes else { return try repository.reference(name) }
        if bytes.starts(with: Array("ref: ".utf8)) { return try repository.reference(name) }
        if case .commit(let id) = ReferenceContents(bytes), id != .zero { return id }
        throw StoreError(
            .corrupted, "store: '\(path)' holds \(FileStatus(path)?.size ?? 0) bytes, which are not a commit id",
            hint: "`ci store verify --repair` sets it to the last commit that is known")
    }

    /// Takes the lock, with `new` in it; false if another process has it.
    ///
    /// - Parameter spares: where to take the file from.
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

    /// Gives the file at `aside` the name of the lock; false if that is taken.
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
        // With preallocated blocks, ext4 does not write the file out when it is renamed over another one (1.4 ms).
        _ = posix_fallocate(file.descriptor, 0, off_t(line.count))
        try file.write(line, at: 0)
        return aside
    }

    /// Moves the reference to the value in the lock file, and releases the lock.
    ///
    /// - Parameter spares: Receives the file that was the reference.
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
        // An empty directory that stock git left behind; one that is not empty stays.
        rmdir(path)
        try Files.rename(lockPath, path)
    }

    /// Seconds after which a lock of stock git, which holds one for moments, belongs to no live process.
    static let abandonedLockAge = 600

    /// Removes the lock of a git that was killed. To be called while no other writer of ours is at work.
    ///
    /// - Returns: whether there was such a lock.
    func removeAbandonedLock() -> Bool {
        guard let status = FileStatus(lockPath), Int(systemTime()) - status.modified > Self.abandonedLockAge else {
            return false
        }
        return unlink(lockPath) == 0
    }

    /// Gives the lock up without moving the reference.
    func unlock() { unlink(lockPath) }

    /// Removes a lock that a dead writer of ours left: one that holds exactly `new`.
    func removeStaleLock(holding new: ObjectID) throws(StoreError) {
        if try Files.contents(of: lockPath) == Array("\(new)\n".utf8) { unlink(lockPath) }
    }

    /// A branch whose name is the folder of this one, or that is below this one: git can keep only one of them.
    func neighbour(in repository: GitRepository) throws -> String? {
        try repository.references().first { $0.hasPrefix(name + "/") || name.hasPrefix($0 + "/") }
    }
}
