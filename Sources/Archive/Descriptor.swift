import Glibc

/// An open file or directory, closed with its owner.
struct Descriptor: ~Copyable {
    let raw: Int32

    /// - Parameter owner: the archive or directory named in errors.
    init(opening path: String, _ flags: Int32, of owner: String) throws(ArchiveError) {
        raw = open(path, flags | O_CLOEXEC)
        guard raw >= 0 else { throw systemError("open", path, of: owner) }
    }

    init(opening path: FilePath, in directory: borrowing Descriptor, _ flags: Int32, of owner: String)
        throws(ArchiveError)
    {
        let parent = directory.raw
        raw = path.withCString { openat(parent, $0, flags | O_CLOEXEC) }
        guard raw >= 0 else { throw systemError("open", path.description, of: owner) }
    }

    /// Creates a file, emptying one that is there.
    init(creating path: String, of owner: String) throws(ArchiveError) {
        raw = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard raw >= 0 else { throw systemError("create", path, of: owner) }
    }

    init(adopting raw: Int32) {
        self.raw = raw
    }

    deinit {
        close(raw)
    }

    /// Waits until what was written is on disk.
    func synchronize() throws(ArchiveError) {
        guard fdatasync(raw) == 0 else { throw systemError("synchronize", "file") }
    }
}

/// What the operating system answered to `action` on `path`. To be called right after the call that failed.
func systemError(_ action: String, _ path: String, of owner: String? = nil) -> ArchiveError {
    let reason = String(cString: strerror(errno))
    return ArchiveError(
        .system, archive: owner ?? path, member: owner == path ? nil : path, detail: "\(action): \(reason)")
}
