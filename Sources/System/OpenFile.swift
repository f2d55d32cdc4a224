internal import CSync
package import Glibc
internal import SystemPackage

/// An open file or directory that is closed at the end of its lifetime. Its errors are those of a module.
package struct OpenFile<Problem: SystemErrorConvertible>: ~Copyable, Sendable {
    private let file: FileDescriptor
    /// The path by which it was opened, for messages.
    package let path: String
    private var isOwned = true

    /// Opens `path` with the flags of open(2). The descriptor is not inherited by programs.
    package init(_ path: String, _ flags: Int32, mode: mode_t = 0o666) throws(Problem) {
        let descriptor = retrying { open(path, flags | O_CLOEXEC, mode) }
        guard descriptor >= 0 else { throw Problem(.last(flags & O_CREAT == 0 ? "open" : "create", path)) }
        self.init(adopting: descriptor, path)
    }

    /// Opens `path`; nil if it does not exist.
    package static func ifPresent(_ path: String, _ flags: Int32 = O_RDONLY) throws(Problem) -> OpenFile? {
        let descriptor = retrying { open(path, flags | O_CLOEXEC) }
        if descriptor < 0, errno == ENOENT || errno == ENOTDIR { return nil }
        guard descriptor >= 0 else { throw Problem(.last("open", path)) }
        return OpenFile(adopting: descriptor, path)
    }

    /// Takes ownership of an open descriptor.
    package init(adopting descriptor: Int32, _ path: String) {
        file = FileDescriptor(rawValue: descriptor)
        self.path = path
    }

    deinit {
        if isOwned { try? file.close() }
    }

    /// Transfers ownership of the descriptor to the caller.
    package consuming func relinquish() -> Int32 {
        isOwned = false
        return descriptor
    }

    /// The descriptor, valid for the lifetime of this value.
    package var descriptor: Int32 { file.rawValue }

    /// The size of the file in bytes; 0 if unknown.
    package var size: Int { status?.size ?? 0 }

    /// The type, size and times of the file.
    package var status: FileStatus? { FileStatus(of: descriptor) }

    /// Reads at most `count` bytes from `offset`; fewer at the end of the file.
    package func read(_ count: Int, at offset: Int = 0) throws(Problem) -> [UInt8] {
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
        guard problem == 0 else { throw Problem(SystemError("read", path, problem)) }
        return bytes
    }

    /// Reads the whole file, which may be a pipe or a kernel file of unknown size.
    package func readAll() throws(Problem) -> [UInt8] {
        if let status, status.isFile, status.size > 0 { return try read(status.size) }
        var bytes: [UInt8] = []
        try forEachPiece(of: 1 << 16) { bytes += $0 }
        return bytes
    }

    /// Reads from the current position to the end. The file may be a pipe, may be large, and may change meanwhile.
    package func readToEnd() throws(Problem) -> [UInt8] {
        let start = lseek(descriptor, 0, SEEK_CUR)
        // One byte more than expected, to see the end.
        var capacity = max(1 << 16, start >= 0 ? size - Int(start) + 1 : 0)
        var (bytes, problem, isAtEnd): ([UInt8], Int32, Bool) = ([], 0, false)
        while !isAtEnd {
            bytes = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, filled in
                adviseLargePages(for: UnsafeMutableRawBufferPointer(buffer))
                filled = buffer.initialize(fromContentsOf: bytes)
                while filled < buffer.count {
                    let rest = UnsafeMutableBufferPointer(rebasing: buffer[filled...])
                    let got = retrying { Glibc.read(descriptor, rest.baseAddress, rest.count) }
                    if got < 0 { problem = errno }
                    isAtEnd = got <= 0
                    if isAtEnd { break }
                    filled += got
                }
            }
            capacity *= 2
        }
        guard problem == 0 else { throw Problem(SystemError("read", path, problem)) }
        return bytes
    }

    /// Reads from the current position to the end in pieces of at most `size` bytes.
    package func forEachPiece(
        of size: Int = 1 << 18, _ body: (UnsafeRawBufferPointer) -> Void
    ) throws(Problem) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = retrying { Glibc.read(descriptor, buffer.baseAddress, size) }
            guard count >= 0 else { throw Problem(.last("read", path)) }
            if count == 0 { return }
            body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    /// Writes all of `bytes` at `offset`.
    package func write(_ bytes: [UInt8], at offset: Int) throws(Problem) {
        let result = bytes.withUnsafeBytes { bytes in
            writeAll(bytes, path) { pwrite(descriptor, $0, $1, off_t(offset + $2)) }
        }
        if let error = result { throw Problem(error) }
    }

    /// Writes all of `bytes` at `offset`.
    package func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(Problem) {
        if let error = writeAll(bytes, path, by: { pwrite(descriptor, $0, $1, off_t(offset + $2)) }) {
            throw Problem(error)
        }
    }

    /// Writes all of `bytes` at the current position.
    package func write(_ bytes: [UInt8]) throws(Problem) {
        let result = bytes.withUnsafeBytes { System.write($0, to: descriptor, path) }
        if let error = result { throw Problem(error) }
    }

    /// Writes all of `bytes` at the current position.
    package func write(_ bytes: UnsafeRawBufferPointer) throws(Problem) {
        if let error = System.write(bytes, to: descriptor, path) { throw Problem(error) }
    }

    /// Truncates the file, or extends it by a hole.
    package func truncate(to size: Int) throws(Problem) {
        guard retrying({ ftruncate(descriptor, off_t(size)) }) == 0 else { throw Problem(.last("truncate", path)) }
    }

    /// Starts writing dirty pages to disk without waiting. If that is unsupported, `synchronize` writes all of them.
    package func startWriting(_ count: Int, at offset: Int) {
        let write: UInt32 = 2
        _ = sync_file_range(descriptor, Int64(offset), Int64(count), write)
    }

    /// Waits until the contents are on disk (fdatasync).
    package func synchronize() throws(Problem) {
        guard fdatasync(descriptor) == 0 else { throw Problem(.last("sync", path)) }
    }

    /// Waits until contents and attributes are on disk; for a directory, its entries (fsync).
    package func synchronizeFully() throws(Problem) {
        guard fsync(descriptor) == 0 else { throw Problem(.last("sync", path)) }
    }
}

/// Repeats a system call while it is interrupted by signals.
package func retrying<Number: SignedInteger>(_ call: () -> Number) -> Number {
    while true {
        let result = call()
        if result >= 0 || errno != EINTR { return result }
    }
}

/// Writes all of `bytes` to a descriptor that the caller does not own.
///
/// - Parameter path: for messages.
package func writeAll(_ bytes: [UInt8], to descriptor: Int32, _ path: String) throws(SystemError) {
    if let error = bytes.withUnsafeBytes({ write($0, to: descriptor, path) }) { throw error }
}

/// Writes all of `bytes` to a descriptor that the caller does not own.
///
/// - Parameter path: for messages.
package func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, _ path: String) throws(SystemError) {
    if let error = write(bytes, to: descriptor, path) { throw error }
}

private func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, _ path: String) -> SystemError? {
    writeAll(bytes, path) { buffer, count, _ in Glibc.write(descriptor, buffer, count) }
}

/// Calls `call` with the remaining bytes, their number and the number already written, until all are written. Returns
/// the reason for a failure.
private func writeAll(
    _ bytes: UnsafeRawBufferPointer, _ path: String, by call: (UnsafeRawPointer?, Int, Int) -> Int
) -> SystemError? {
    var done = 0
    while done < bytes.count {
        let count = call(bytes.baseAddress.map { $0 + done }, bytes.count - done, done)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return SystemError("write", path, count < 0 ? errno : ENOSPC) }
        done += count
    }
    return nil
}
