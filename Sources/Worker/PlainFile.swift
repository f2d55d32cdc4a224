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
