public import Core
import Glibc
import System

/// The state of a directory tree, as one digest.
public struct TreeState: Hashable, Sendable {
    /// The properties that are part of a state.
    public enum Aspect: Sendable {
        /// The kernel's metadata of every file, without reading contents: any later change gives another digest. The
        /// time of the last status change (`ctime`) cannot be set, so a file that was written, truncated, replaced or
        /// given another owner or mode is detected even if its size and its other times are restored. A copy has
        /// another state.
        case metadata
        /// Names, types, modes, owners and contents: equal for equal copies.
        case contents
    }

    /// The digest, equal for equal states.
    public let digest: Digest

    /// The state of `directory` and everything below it; nil if a part of it cannot be read. Files without read
    /// permission are represented by their names, modes and owners.
    ///
    /// - Complexity: O(entries · log entries), one system call for each; for contents also O(bytes).
    public init?(of directory: String, _ aspect: Aspect) {
        var scan = TreeScan(aspect: aspect)
        guard scan.scan(directory) else { return nil }
        digest = Digest(of: scan.bytes)
    }
}

/// A walk through a tree that follows no links and hashes the entries in the order of names.
private struct TreeScan {
    let aspect: TreeState.Aspect
    /// The properties of all entries, to be hashed.
    private(set) var bytes: [UInt8] = []
    private static let depthLimit = 128

    init(aspect: TreeState.Aspect) {
        self.aspect = aspect
    }

    /// - Returns: whether everything could be read.
    mutating func scan(_ directory: String) -> Bool {
        let root = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        var status = stat()
        guard root >= 0, fstat(root, &status) == 0 else {
            if root >= 0 { close(root) }
            return false
        }
        // The times of the root directory change when it is renamed, so they are ignored.
        note(UInt64(status.st_mode), UInt64(status.st_uid), UInt64(status.st_gid))
        return scanContents(of: root, level: 0)
    }

    /// Takes ownership of `directory`.
    private mutating func scanContents(of directory: Int32, level: Int) -> Bool {
        guard var stream = DirectoryStream(adopting: directory), level < Self.depthLimit else { return false }
        var names: [[CChar]] = []
        while let name = stream.next() {
            names.append(Array(UnsafeBufferPointer(start: name, count: strlen(name) + 1)))
        }
        names.sort { $0.lexicographicallyPrecedes($1) }
        note(UInt64(names.count))
        return names.allSatisfy { scanEntry($0, in: directory, level: level) }
    }

    private mutating func scanEntry(_ name: [CChar], in directory: Int32, level: Int) -> Bool {
        var status = stat()
        guard fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return false }
        bytes += name.map { UInt8(bitPattern: $0) }
        note(UInt64(status.st_mode), UInt64(status.st_uid), UInt64(status.st_gid))
        switch aspect {
        case .metadata:
            note(UInt64(status.st_ino), UInt64(bitPattern: Int64(status.st_size)))
            for time in [status.st_mtim, status.st_ctim] {
                note(UInt64(bitPattern: Int64(time.tv_sec)), UInt64(time.tv_nsec))
            }
        case .contents:
            guard noteContents(of: name, status, in: directory) else { return false }
        }
        guard status.st_mode & S_IFMT == S_IFDIR else { return true }
        let child = openDirectory(name, in: directory)
        if child < 0, errno == EACCES { return true }
        return child >= 0 && scanContents(of: child, level: level + 1)
    }

    private mutating func noteContents(of name: [CChar], _ status: stat, in directory: Int32) -> Bool {
        switch status.st_mode & S_IFMT {
        case S_IFREG:
            let file = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
            guard file >= 0 else { return errno == EACCES }
            guard let digest = try? Digest(of: OpenFile<SystemError>(adopting: file, "")) else { return false }
            bytes += digest.hex.utf8
        case S_IFLNK:
            var target = [UInt8](repeating: 0, count: Int(PATH_MAX))
            let count = target.withUnsafeMutableBytes { buffer in
                buffer.withMemoryRebound(to: CChar.self) { readlinkat(directory, name, $0.baseAddress!, $0.count) }
            }
            guard count >= 0 else { return false }
            bytes += target[..<count] + [0]
        case S_IFCHR, S_IFBLK: note(UInt64(status.st_rdev))
        default: break
        }
        return true
    }

    private mutating func note(_ numbers: UInt64...) {
        for number in numbers {
            withUnsafeBytes(of: number.littleEndian) { bytes += $0 }
        }
    }
}
