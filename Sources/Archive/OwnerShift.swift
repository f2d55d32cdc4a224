import Glibc
import System

/// Changes the offset of the owners of a directory and everything below it, without following links.
///
/// Files whose owners already have the new offset are unchanged, so that an interrupted call can be repeated.
///
/// - Throws: `ArchiveError` with `system` if a system call fails.
/// - Complexity: O(entries).
public func shiftOwners(of path: String, from old: UInt32, to new: UInt32) throws(ArchiveError) {
    guard old != new else { return }
    let top = try Descriptor(opening: path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, of: path)
    let shift = OwnerShift(old: old, new: new, root: path)
    try shift.apply(to: ".", in: top.raw)
    try shift.applyBelow(top.raw)
}

private struct OwnerShift {
    let old: UInt32
    let new: UInt32
    /// The path for messages.
    let root: String

    func applyBelow(_ directory: Int32) throws(ArchiveError) {
        guard var stream = DirectoryStream(".", in: directory) else { throw systemError("open", root) }
        while let name = stream.next() {
            guard try apply(to: name, in: directory) == S_IFDIR else { continue }
            let child = openDirectory(name, in: directory)
            guard child >= 0 else { throw systemError("open", String(cString: name), of: root) }
            defer { close(child) }
            try applyBelow(child)
        }
    }

    /// - Returns: the type of the file.
    @discardableResult
    func apply(to name: UnsafePointer<CChar>, in directory: Int32) throws(ArchiveError) -> mode_t {
        var status = stat()
        guard fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
            throw systemError("read", String(cString: name), of: root)
        }
        let owner = Owner(user: status.st_uid, group: status.st_gid)
        let moved = owner.shifted(down: old).shifted(up: new)
        let type = status.st_mode & S_IFMT
        guard moved != owner, owner.shifted(down: new) == owner || new == 0 else { return type }
        guard fchownat(directory, name, moved.user, moved.group, AT_SYMLINK_NOFOLLOW) == 0 else {
            throw systemError("change owner", String(cString: name), of: root)
        }
        // Changing the owner clears these bits.
        if type == S_IFREG, status.st_mode & 0o6000 != 0 { fchmodat(directory, name, status.st_mode & 0o7777, 0) }
        return type
    }
}
