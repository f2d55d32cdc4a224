internal import Glibc

/// Removes a file or a directory tree without following links; a missing file is not an error.
///
/// Builds may leave trees of any depth: directories below 32 levels are moved to the top before they are emptied, to
/// limit the stack, the open files and the lengths of paths. Read-only directories are made writable.
///
/// - Parameter limit: the maximum number of entries to remove.
/// - Returns: whether nothing is left.
@discardableResult
package func removeTree(_ path: String, atMost limit: Int = .max) -> Bool {
    if unlink(path) == 0 || errno == ENOENT { return true }
    let raw = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard raw >= 0 else { return false }
    let top = OpenFile<SystemError>(adopting: raw, path)
    var left = limit
    // Each pass moves directories that are too deep to the top, and the next pass empties them.
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
    /// The number of directories that were too deep and were moved to the top.
    var lifted = 0
    /// The number of entries that may still be removed.
    var left: Int
}

private func empty(_ directory: Int32, top: Int32, level: Int, _ pass: inout Pass) {
    // A stream takes ownership of its descriptor, so it gets a new one, which also reads from the start.
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
    // A directory without read permission, if we are not root.
    if child < 0, errno == EACCES, fchmodat(directory, name, 0o700, 0) == 0 {
        child = openDirectory(name, in: directory)
    }
    guard child >= 0 else { return }
    fchmod(child, 0o700)
    empty(child, top: top, level: level + 1, &pass)
    close(child)
    unlinkat(directory, name, AT_REMOVEDIR)
}
