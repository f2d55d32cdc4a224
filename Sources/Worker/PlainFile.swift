internal import Foundation

/// The bytes of a regular file below a directory in which anybody may have written: no link is followed.
///
/// - Parameter path: its leading slash, if any, means `directory`.
/// - Returns: nil where there is no such file, or it has more than `limit` bytes.
func readPlainFile(_ path: String, below directory: String, limit: Int = 4 << 20) -> [UInt8]? {
    var reached = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    let components = path.split(separator: "/").map(String.init)
    for (index, component) in components.enumerated() {
        guard reached >= 0, component != ".." else { break }
        let kind = index == components.count - 1 ? O_NONBLOCK : O_DIRECTORY
        let next = openat(reached, component, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | kind)
        close(reached)
        reached = next
    }
    guard reached >= 0 else { return nil }
    let handle = FileHandle(fileDescriptor: reached, closeOnDealloc: true)
    var status = stat()
    guard fstat(reached, &status) == 0, status.st_mode & S_IFMT == S_IFREG, Int(status.st_size) <= limit else {
        return nil
    }
    return Array((try? handle.readToEnd()) ?? Data())
}

/// Writes a file below a directory in which anybody may have written: no link is followed, directories are made.
///
/// - Parameter path: its leading slash, if any, means `directory`.
/// - Returns: false where something else than a directory is in the way, or the disk refuses.
func writePlainFile(_ bytes: [UInt8], to path: String, below directory: String) -> Bool {
    var reached = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    defer { if reached >= 0 { close(reached) } }
    let components = path.split(separator: "/").map(String.init)
    for component in components.dropLast() where reached >= 0 {
        guard component != ".." else { return false }
        mkdirat(reached, component, 0o755)
        let next = openat(reached, component, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        close(reached)
        reached = next
    }
    guard reached >= 0, let name = components.last else { return false }
    unlinkat(reached, name, 0)
    let file = openat(reached, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
    guard file >= 0 else { return false }
    let handle = FileHandle(fileDescriptor: file, closeOnDealloc: true)
    return (try? handle.write(contentsOf: Data(bytes))) != nil
}
