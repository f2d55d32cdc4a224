import Glibc
import System

/// Lists the contents of a directory tree without following links.
struct TreeListing: ~Copyable {
    private struct FileIdentity: Hashable {
        var device: UInt
        var inode: UInt
    }

    private struct Member {
        var entry: ArchiveEntry
        /// The identity of a file with several names.
        var shared: FileIdentity?
    }

    private let root: Int32
    private let name: String
    private let excluded: Set<FilePath>
    private let whiteouts: Bool
    private(set) var meter: TreeMeter
    private var members: [Member] = []
    private(set) var skipped: [FilePath] = []
    private var listed: Set<FilePath> = []
    private var counted: Set<FileIdentity> = []

    init(
        root: borrowing Descriptor, name: String, excluded: Set<FilePath>, whiteouts: Bool, limits: TreeLimits
    ) {
        self.root = root.raw
        self.name = name
        self.excluded = excluded
        self.whiteouts = whiteouts
        meter = TreeMeter(limits, archive: name)
    }

    /// Adds the file or tree at `path` and its parent directories; does nothing if it does not exist.
    mutating func add(_ path: FilePath) throws(ArchiveError) {
        let components = path.components
        guard !components.contains("..") else {
            throw ArchiveError(
                .unsafePath, archive: name, member: path.description,
                detail: "expected a path below the root without '..'")
        }
        var reached: FilePath = ""
        for (index, component) in components.enumerated() {
            reached = reached.appending(component)
            guard let status = status(of: reached) else { return }
            let isLast = index == components.count - 1
            try add(reached, status, depth: index + 1, descending: isLast)
            guard isLast || status.st_mode & S_IFMT == S_IFDIR else { return }
        }
        if components.isEmpty {
            try addContents(of: ".", below: "", depth: 0)
        }
    }

    /// The added entries, sorted by the bytes of their paths; of a file with several names, all but the first are hard
    /// links.
    func sortedEntries() -> [ArchiveEntry] {
        var firstNames: [FileIdentity: FilePath] = [:]
        let sorted = members.sorted { $0.entry.path < $1.entry.path }
        return sorted.map { member in
            guard let identity = member.shared else { return member.entry }
            var entry = member.entry
            if let first = firstNames[identity] {
                entry.kind = .hardLink(target: first)
                entry.size = 0
            } else {
                firstNames[identity] = entry.path
            }
            return entry
        }
    }

    private func status(of path: FilePath) -> stat? {
        var status = stat()
        return path.withCString { fstatat(root, $0, &status, AT_SYMLINK_NOFOLLOW) } == 0 ? status : nil
    }

    private mutating func add(_ path: FilePath, _ status: stat, depth: Int, descending: Bool) throws(ArchiveError) {
        guard !excluded.contains(path) else { return }
        let isNew = listed.insert(path).inserted
        if isNew {
            try meter.count(path, depth: depth)
            // A file with the name of a whiteout would remove another file when unpacked.
            let isWhiteout = whiteouts && path.components.last?.hasPrefix(Whiteout.prefix) == true
            if !isWhiteout, let member = try member(path, status) {
                members.append(member)
                if member.shared.map({ counted.insert($0).inserted }) ?? true {
                    try meter.count(bytes: member.entry.size, of: path)
                }
            } else {
                skipped.append(path)
            }
        }
        if descending, status.st_mode & S_IFMT == S_IFDIR {
            try addContents(of: path, below: path, depth: depth)
        }
    }

    private mutating func addContents(of directory: FilePath, below parent: FilePath, depth: Int) throws(ArchiveError) {
        guard var stream = DirectoryStream(adopting: directory.withCString { openDirectory($0, in: root) }) else {
            throw systemError("open", directory.description, of: name)
        }
        let descriptor = stream.descriptor
        if whiteouts, Whiteout.isOpaque(directory: descriptor) {
            addWhiteout(parent.appending(FilePath(Whiteout.opaqueName)))
        }
        while let record = stream.next() {
            let child = FilePath(cString: record)
            let path = parent.appending(child)
            var status = stat()
            guard child.withCString({ fstatat(descriptor, $0, &status, AT_SYMLINK_NOFOLLOW) }) == 0 else {
                throw systemError("read", path.description, of: name)
            }
            if whiteouts, Whiteout.isWhiteout(status) {
                addWhiteout(parent.appending(FilePath(bytes: Array(Whiteout.prefix.utf8) + child.bytes)))
            } else {
                try add(path, status, depth: depth + 1, descending: true)
            }
        }
    }

    private mutating func addWhiteout(_ path: FilePath) {
        guard listed.insert(path).inserted else { return }
        members.append(Member(entry: ArchiveEntry(path: path, kind: .file, permissions: 0o644)))
    }

    /// The member for `status`; nil for a socket, a FIFO or a device.
    private func member(_ path: FilePath, _ status: stat) throws(ArchiveError) -> Member? {
        let kind: ArchiveEntry.Kind
        var shared: FileIdentity?
        switch status.st_mode & S_IFMT {
        case S_IFDIR: kind = .directory
        case S_IFLNK: kind = .symbolicLink(target: try target(of: path))
        case S_IFREG:
            kind = .file
            if status.st_nlink > 1 {
                shared = FileIdentity(device: UInt(status.st_dev), inode: UInt(status.st_ino))
            }
        default: return nil
        }
        let entry = ArchiveEntry(
            path: path, kind: kind, permissions: UInt32(status.st_mode) & 0o7777,
            size: kind == .file ? Int(status.st_size) : 0, modified: Int(status.st_mtim.tv_sec),
            owner: Owner(user: status.st_uid, group: status.st_gid))
        return Member(entry: entry, shared: shared)
    }

    private func target(of path: FilePath) throws(ArchiveError) -> FilePath {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let count = path.withCString { readlinkat(root, $0, &buffer, buffer.count - 1) }
        guard count >= 0 else { throw systemError("read link", path.description, of: name) }
        return FilePath(bytes: buffer[..<count].map { UInt8(bitPattern: $0) })
    }
}

/// The names in a directory, sorted by bytes, without `.` and `..`; nil if it cannot be read. Links are not followed.
package func entryNames(of directory: FilePath) -> [FilePath]? {
    let descriptor = directory.withCString { open($0, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) }
    guard var stream = DirectoryStream(adopting: descriptor) else { return nil }
    var names: [FilePath] = []
    while let name = stream.next() { names.append(FilePath(cString: name)) }
    return names.sorted()
}

/// The bytes of a small file; nil if it cannot be read.
package func bytes(of path: FilePath) -> [UInt8]? {
    let descriptor = path.withCString { open($0, O_RDONLY | O_CLOEXEC) }
    guard descriptor >= 0 else { return nil }
    return try? OpenFile<SystemError>(adopting: descriptor, path.description).readAll()
}
