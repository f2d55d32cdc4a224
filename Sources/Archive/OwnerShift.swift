import Glibc
import System

/// Moves the owners of a directory and of everything below it from one offset to another, following no link.
///
/// Files whose owners are already at the new offset stay as they are, so that an interrupted call can be repeated.
///
/// - Throws: `ArchiveError` with `system` when the operating system refuses.
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
    /// For messages.
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
        // A change of owner clears these bits.
        if type == S_IFREG, status.st_mode & 0o6000 != 0 { fchmodat(directory, name, status.st_mode & 0o7777, 0) }
        return type
    }
}
