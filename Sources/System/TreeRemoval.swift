internal import Glibc

/// Removes a file or a directory with all it holds, following no link; a missing file is not an error.
///
/// Builds may leave trees of any depth: below 32 levels a directory is moved to the top before it is emptied, so that
/// neither the stack, the open files nor the length of a path is exceeded. Read-only directories are made writable.
///
/// - Parameter limit: entries after which it stops.
/// - Returns: whether nothing is left.
@discardableResult
package func removeTree(_ path: String, atMost limit: Int = .max) -> Bool {
    if unlink(path) == 0 || errno == ENOENT { return true }
    let raw = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard raw >= 0 else { return false }
    let top = OpenFile<SystemError>(adopting: raw, path)
    var left = limit
    // Each pass lifts what was too deep and the next one empties it.
    while true {
        var pass = Pass(left: left)
        empty(top.descriptor, top: top.descriptor, level: 0, &pass)
        left = pass.left
        if pass.lifted == 0 || left == 0 { break }
    }
    return rmdir(path) == 0
}

private let deepest = 32

private struct Pass {
    /// Entries that were too deep and were moved to the top.
    var lifted = 0
    /// Entries that may still be removed.
    var left: Int
}

private func empty(_ directory: Int32, top: Int32, level: Int, _ pass: inout Pass) {
    // A stream takes its descriptor over, so it gets one of its own, and reads from the start.
    guard var stream = DirectoryStream(".", in: directory) else { return }
    while pass.left > 0, let name = stream.next() {
        remove(name, in: directory, top: top, level: level, &pass)
    }
}

private func remove(_ name: UnsafePointer<CChar>, in directory: Int32, top: Int32, level: Int, _ pass: inout Pass) {
    pass.left -= 1
    if unlinkat(directory, name, 0) == 0 { return }
    if level >= deepest, renameat(directory, name, top, "lifted.\(UInt64.random(in: .min ... .max))") == 0 {
        pass.lifted += 1
        return
    }
    if unlinkat(directory, name, AT_REMOVEDIR) == 0 { return }
    var child = openDirectory(name, in: directory)
    // A directory that may not even be read, of someone who is not root.
    if child < 0, errno == EACCES, fchmodat(directory, name, 0o700, 0) == 0 {
        child = openDirectory(name, in: directory)
    }
    guard child >= 0 else { return }
    fchmod(child, 0o700)
    empty(child, top: top, level: level + 1, &pass)
    close(child)
    unlinkat(directory, name, AT_REMOVEDIR)
}
