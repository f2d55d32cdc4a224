internal import CSync
package import Glibc
internal import SystemPackage

/// Operations on files and directories by path, with the errors of a module: the module declares `typealias Files =
/// FileSystem<ItsError>`.
///
/// - SeeAlso: `docs/decisions/0155-errors-of-system-calls.md`
package enum FileSystem<Problem: SystemErrorConvertible> {
    /// An open file with the same errors.
    package typealias File = OpenFile<Problem>

    /// Creates a directory that does not exist yet.
    package static func makeDirectory(_ path: String, mode: mode_t = 0o777) throws(Problem) {
        guard mkdir(path, mode) == 0 else { throw Problem(.last("create directory", path)) }
    }

    /// Creates a directory and its missing ancestors.
    package static func makeDirectories(_ path: String, mode: mode_t = 0o777) throws(Problem) {
        if mkdir(path, mode) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let parent = parentDirectory(of: path) else {
            throw Problem(.last("create directory", path))
        }
        try makeDirectories(parent, mode: mode)
        guard mkdir(path, mode) == 0 || errno == EEXIST else { throw Problem(.last("create directory", path)) }
    }

    /// Renames the file or directory `old` to `new`, atomically replacing a file with that name.
    package static func rename(_ old: String, _ new: String) throws(Problem) {
        guard Glibc.rename(old, new) == 0 else { throw Problem(.last("rename '\(old)' to", new)) }
    }

    /// Moves `old` to `new`, and removes whatever exists there, even a directory.
    package static func move(_ old: String, over new: String) throws(Problem) {
        if Glibc.rename(old, new) == 0 { return }
        let isBlocked = [EISDIR, ENOTDIR, ENOTEMPTY, EEXIST].contains(errno)
        let error = SystemError.last("rename '\(old)' to", new)
        guard isBlocked, removeTree(new) else { throw Problem(error) }
        try rename(old, new)
    }

    /// Renames a file unless the new name exists, atomically; on file systems without that operation by a hard link.
    ///
    /// - Returns: false if the new name exists.
    package static func renameWithoutReplacing(_ old: String, _ new: String) throws(Problem) -> Bool {
        let noReplace: UInt32 = 1
        if renameat2(AT_FDCWD, old, AT_FDCWD, new, noReplace) == 0 { return true }
        if errno == EINVAL || errno == ENOSYS, link(old, new) == 0 {
            unlink(old)
            return true
        }
        if errno == EEXIST { return false }
        throw Problem(.last("rename '\(old)' to", new))
    }

    /// Opens or creates a file, creating its directory if necessary.
    package static func creating(_ path: String, _ flags: Int32, mode: mode_t = 0o666) throws(Problem) -> File {
        do throws(SystemError) {
            return File(adopting: try OpenFile<SystemError>(path, flags | O_CREAT, mode: mode).relinquish(), path)
        } catch {
            guard error.code == ENOENT, let parent = parentDirectory(of: path) else { throw Problem(error) }
            try makeDirectories(parent)
        }
        return try File(path, flags | O_CREAT, mode: mode)
    }

    /// Removes a file if it exists.
    package static func remove(_ path: String) throws(Problem) {
        guard unlink(path) == 0 || errno == ENOENT else { throw Problem(.last("remove", path)) }
    }

    /// The status of a file, or of the one that a symbolic link leads to; nil if it does not exist.
    package static func status(of path: String) throws(Problem) -> FileStatus? {
        if let status = FileStatus(path, followingLinks: true) { return status }
        guard [ENOENT, ENOTDIR].contains(errno) else { throw Problem(.last("read", path)) }
        return nil
    }

    /// The contents of a file; nil if it does not exist.
    ///
    /// - Parameter limit: the maximum number of bytes to read, for files that should be small.
    package static func contents(of path: String, limit: Int? = nil) throws(Problem) -> [UInt8]? {
        guard let file = try File.ifPresent(path) else { return nil }
        return try file.read(limit ?? file.size)
    }

    /// Atomically replaces the file at `path`: readers see the old contents or the new, even if the process is killed.
    ///
    /// - Parameter durability: by default the new contents are on disk when this returns.
    package static func replace(
        _ path: String, with bytes: [UInt8], mode: mode_t = 0o666, durability: Durability = .contentsAndName
    ) throws(Problem) {
        let file = try AtomicFile<Problem>(replacing: path, mode: mode)
        try file.file.write(bytes, at: 0)
        try file.commit(durability)
    }

    /// The lock named by the file `path`, or nil if it is held. Creates the file and its directory.
    package static func lockIfFree(_ path: String) throws(Problem) -> ExclusiveLock? {
        do throws(SystemError) {
            return try ExclusiveLock.attempt(path)
        } catch {
            throw Problem(error)
        }
    }

    /// Makes the entries of the directory of `path` durable.
    package static func synchronizeDirectory(of path: String) throws(Problem) {
        try File(parentDirectory(of: path) ?? ".", O_RDONLY | O_DIRECTORY).synchronizeFully()
    }

    /// Makes all writes to the file system of `path` durable.
    package static func synchronizeFileSystem(of path: String) throws(Problem) {
        let file = try File(path, O_RDONLY)
        guard syncfs(file.descriptor) == 0 else { throw Problem(.last("sync", path)) }
    }

    /// Hints that new subdirectories of `directory` should be placed apart from it, on file systems that support this.
    package static func spreadSubdirectories(of directory: String) {
        guard let opened = try? File(directory, O_RDONLY | O_DIRECTORY) else { return }
        _ = spread_subdirectories(opened.descriptor)
    }
}

/// The directory part of a path; nil for a single name and for the root.
package func parentDirectory(of path: String) -> String? {
    let parent = FilePath(path).removingLastComponent()
    return parent.isEmpty || FilePath(path).lastComponent == nil ? nil : parent.string
}

/// The bytes of a file, including kernel files of unknown size; nil if it cannot be read.
package func bytes(of path: String) -> [UInt8]? {
    try? FileSystem<SystemError>.File(path, O_RDONLY).readAll()
}

/// The text of a file, including kernel files of unknown size; nil if it cannot be read.
package func contents(of path: String) -> String? {
    bytes(of: path).map { String(decoding: $0, as: UTF8.self) }
}

/// The absolute path without links; `path` itself if it does not exist.
package func absolute(_ path: String) -> String {
    guard let found = realpath(path, nil) else { return path }
    defer { free(found) }
    return String(cString: found)
}

/// Opens a directory by a path that is resolved as if the open directory `root` were `/`: neither `..` nor a link can
/// escape from it.
///
/// - Returns: a descriptor; negative on failure, with the reason in `errno`.
package func openDirectory(_ path: UnsafePointer<CChar>, below root: Int32) -> Int32 {
    retrying { open_in_root(root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
}
