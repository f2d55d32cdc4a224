internal import CSync
internal import Glibc

/// The system's words for an error number.
func errorText(_ number: Int32) -> String { String(cString: strerror(number)) }

/// An open file, closed when it goes out of use.
struct File: ~Copyable {
    let descriptor: Int32
    let path: String

    /// - Throws: `StoreError` of kind `system`.
    init(_ path: String, _ flags: Int32, mode: mode_t = 0o666) throws(StoreError) {
        self.path = path
        descriptor = Glibc.open(path, flags | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw StoreError.system("open", path, errno) }
    }

    /// Takes over a descriptor that is open.
    init(adopting descriptor: Int32, _ path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit { close(descriptor) }

    /// Bytes in the file.
    var size: Int {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
    }

    /// At most `count` bytes from `offset`; fewer at the end of the file.
    func read(_ count: Int, at offset: Int = 0) throws(StoreError) -> [UInt8] {
        var problem: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            filled = 0
            while filled < count {
                let got = pread(descriptor, buffer.baseAddress! + filled, count - filled, off_t(offset + filled))
                if got < 0, errno == EINTR { continue }
                if got < 0 { problem = errno }
                if got <= 0 { break }
                filled += got
            }
        }
        guard problem == 0 else { throw StoreError.system("read", path, problem) }
        return bytes
    }

    /// Writes all of `bytes` at `offset`.
    func write(_ bytes: [UInt8], at offset: Int) throws(StoreError) {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes {
                pwrite(descriptor, $0.baseAddress! + done, $0.count - done, off_t(offset + done))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw StoreError.system("write", path, count < 0 ? errno : ENOSPC) }
            done += count
        }
    }

    /// Takes the lock of the file that one process has at a time; false where somebody else has it, or `isBusy` says that
    /// it is not to be taken, for so long.
    func lock(within timeout: Duration, while isBusy: () -> Bool = { false }) throws(StoreError) -> Bool {
        let deadline = ContinuousClock.now + timeout
        while true {
            if !isBusy() {
                if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
                guard errno == EWOULDBLOCK || errno == EINTR else { throw StoreError.system("lock", path, errno) }
            }
            if ContinuousClock.now >= deadline { return false }
            usleep(10_000)
        }
    }

    /// Lets the disk begin with what was written, and does not wait. Where that is impossible, `synchronize` does it all.
    func startWriting(_ count: Int, at offset: Int) {
        let write: UInt32 = 2
        _ = sync_file_range(descriptor, Int64(offset), Int64(count), write)
    }

    /// Waits until what was written is on disk.
    func synchronize() throws(StoreError) {
        guard fdatasync(descriptor) == 0 else { throw StoreError.system("sync", path, errno) }
    }
}

/// The contents of the file at `path`; nil where there is none.
///
/// - Parameter limit: for files that are known to be small, where more than so many bytes are of no interest.
func fileContents(_ path: String, limit: Int? = nil) throws(StoreError) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    if descriptor < 0, errno == ENOENT || errno == ENOTDIR { return nil }
    guard descriptor >= 0 else { throw StoreError.system("open", path, errno) }
    let file = File(adopting: descriptor, path)
    return try file.read(limit ?? file.size)
}

/// Replaces the file at `path` at once: readers see the old contents or the new.
///
/// - Parameter durable: also waits until the new contents are on disk.
func replace(_ path: String, with bytes: [UInt8], durable: Bool = true) throws(StoreError) {
    let aside = "\(path).\(getpid()).\(UInt32.random(in: 0...UInt32.max)).tmp"
    do throws(StoreError) {
        let file = try File(aside, O_WRONLY | O_CREAT | O_EXCL)
        try file.write(bytes, at: 0)
        if durable { try file.synchronize() }
        guard rename(aside, path) == 0 else { throw StoreError.system("replace", path, errno) }
    } catch {
        unlink(aside)
        throw error
    }
    if durable { try synchronizeDirectory(of: path) }
}

/// Makes the names in the directory of `path` durable.
func synchronizeDirectory(of path: String) throws(StoreError) {
    let end = path.lastIndex(of: "/").map { path[..<$0] } ?? "."
    let directory = try File(String(end), O_RDONLY | O_DIRECTORY)
    guard fsync(directory.descriptor) == 0 else { throw StoreError.system("sync", String(end), errno) }
}

/// Makes everything written to the file system of `directory` durable.
func synchronizeFileSystem(of directory: String) throws(StoreError) {
    let root = try File(directory, O_RDONLY | O_DIRECTORY)
    guard syncfs(root.descriptor) == 0 else { throw StoreError.system("sync", directory, errno) }
}

/// Makes a directory and those above it.
func makeDirectory(_ path: String) throws(StoreError) {
    if mkdir(path, 0o777) == 0 || errno == EEXIST { return }
    guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
        throw StoreError.system("make", path, errno)
    }
    try makeDirectory(String(path[..<slash]))
    guard mkdir(path, 0o777) == 0 || errno == EEXIST else { throw StoreError.system("make", path, errno) }
}

/// Lets directories that are made in `directory` lie far from it, where the file system can do so.
func spreadSubdirectories(of directory: String) {
    guard let opened = try? File(directory, O_RDONLY | O_DIRECTORY) else { return }
    _ = spread_subdirectories(opened.descriptor)
}

/// The names in a directory, without `.` and `..`, sorted; empty where there is none.
func names(in directory: String) -> [String] {
    guard let stream = opendir(directory) else { return [] }
    defer { closedir(stream) }
    var found: [String] = []
    while let entry = readdir(stream) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != ".", name != ".." { found.append(name) }
    }
    return found.sorted()
}

/// Size and age of a file; nil where there is none.
func status(of path: String) -> (size: Int, modified: Int, isDirectory: Bool)? {
    var status = stat()
    guard lstat(path, &status) == 0 else { return nil }
    return (Int(status.st_size), status.st_mtim.tv_sec, status.st_mode & mode_t(S_IFMT) == mode_t(Glibc.S_IFDIR))
}
