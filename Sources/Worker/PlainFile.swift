internal import Archive
internal import Core
internal import Foundation
internal import System

/// Reads a regular file below a directory that untrusted processes may have written to. Does not follow links.
///
/// - Parameter path: The path relative to `directory`; a leading slash is ignored.
/// - Returns: Nil if there is no such file, or it has more than `limit` bytes.
/// - Throws: `Failure` if this machine cannot read it.
func readPlainFile(_ path: FilePath, below directory: String, limit: Int = 4 << 20) throws(Failure) -> [UInt8]? {
    func refusal() -> Failure {
        Failure(.last("read", "\(directory)/\(path)"))
    }
    var reached = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard reached >= 0 else { throw refusal() }
    let components = path.components
    for (index, component) in components.enumerated() {
        guard component != ".." else { break }
        let kind = index == components.count - 1 ? O_NONBLOCK : O_DIRECTORY
        let next = component.withCString { openat(reached, $0, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | kind) }
        let reason = errno
        close(reached)
        guard next >= 0 else {
            errno = reason
            // Only the package can cause these errors, because it created the path.
            if [ENOENT, ENOTDIR, ELOOP, ENXIO, EACCES, ENAMETOOLONG].contains(reason) { return nil }
            throw refusal()
        }
        reached = next
    }
    let handle = FileHandle(fileDescriptor: reached, closeOnDealloc: true)
    var status = stat()
    guard fstat(reached, &status) == 0, status.st_mode & S_IFMT == S_IFREG, Int(status.st_size) <= limit else {
        return nil
    }
    do {
        return Array(try handle.readToEnd() ?? Data())
    } catch {
        throw Failure(.unavailable, "\(directory)/\(path): cannot be read: \(error)")
    }
}

/// Writes a file below a directory that untrusted processes may have written to. Does not follow links; creates
/// directories.
///
/// - Parameter path: The path relative to `directory`; a leading slash is ignored.
/// - Returns: False if something other than a directory is in the way.
/// - Throws: `Failure` if writing fails.
func writePlainFile(_ bytes: [UInt8], to path: FilePath, below directory: String) throws(Failure) -> Bool {
    func refusal() -> Failure {
        Failure(.last("write", "\(directory)/\(path)"))
    }
    /// Whether the last call failed because of the type of an existing file.
    func isBlocked() -> Bool { [ENOTDIR, ELOOP, EISDIR, EEXIST].contains(errno) }
    var reached = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard reached >= 0 else { throw refusal() }
    defer { if reached >= 0 { close(reached) } }
    let components = path.components
    for component in components.dropLast() {
        guard component != ".." else { return false }
        let next = component.withCString { openDirectory($0, in: reached, making: 0o755) }
        guard next >= 0 else {
            if isBlocked() { return false }
            throw refusal()
        }
        close(reached)
        reached = next
    }
    guard let name = components.last else { return false }
    let file = name.withCString { name in
        unlinkat(reached, name, 0)
        return openat(reached, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
    }
    guard file >= 0 else {
        if isBlocked() { return false }
        throw refusal()
    }
    let handle = FileHandle(fileDescriptor: file, closeOnDealloc: true)
    guard (try? handle.write(contentsOf: Data(bytes))) != nil else { throw refusal() }
    return true
}
