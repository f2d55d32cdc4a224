import Glibc

/// Lists what a directory tree holds, following no link.
struct TreeListing: ~Copyable {
    private struct FileIdentity: Hashable {
        var device: UInt
        var inode: UInt
    }

    private struct Member {
        var entry: ArchiveEntry
        /// Of a file that has other names.
        var shared: FileIdentity?
    }

    private let root: Int32
    private let name: String
    private let excluded: Set<String>
    private let whiteouts: Bool
    private(set) var meter: TreeMeter
    private var members: [Member] = []
    private(set) var skipped: [String] = []
    private var listed: Set<String> = []
    private var counted: Set<FileIdentity> = []

    init(
        root: borrowing Descriptor, name: String, excluded: Set<String>, whiteouts: Bool, limits: TreeLimits
    ) {
        self.root = root.raw
        self.name = name
        self.excluded = excluded
        self.whiteouts = whiteouts
        meter = TreeMeter(limits, archive: name)
    }

    /// Adds what is at `path` and below, and the directories that lead there. Nothing there: nothing is added.
    mutating func add(_ path: String) throws(ArchiveError) {
        let components = path.split(separator: "/").map(String.init)
        guard !components.contains("..") else {
            throw ArchiveError(.unsafePath, archive: name, member: path, detail: "a path below the root without '..'")
        }
        var reached = ""
        for (index, component) in components.enumerated() {
            reached = reached.isEmpty ? component : "\(reached)/\(component)"
            guard let status = status(of: reached) else { return }
            let isLast = index == components.count - 1
            try add(reached, status, depth: index + 1, descending: isLast)
            guard isLast || status.st_mode & S_IFMT == S_IFDIR else { return }
        }
        if components.isEmpty {
            try addContents(of: ".", prefix: "", depth: 0)
        }
    }

    /// What was added, sorted by the bytes of the paths; of a file with several names all but the first are hard links.
    func sortedEntries() -> [ArchiveEntry] {
        var firstNames: [FileIdentity: String] = [:]
        let sorted = members.sorted { $0.entry.path.utf8.lexicographicallyPrecedes($1.entry.path.utf8) }
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

    private func status(of path: String) -> stat? {
        var status = stat()
        return fstatat(root, path, &status, AT_SYMLINK_NOFOLLOW) == 0 ? status : nil
    }

    private mutating func add(_ path: String, _ status: stat, depth: Int, descending: Bool) throws(ArchiveError) {
        guard !excluded.contains(path) else { return }
        let isNew = listed.insert(path).inserted
        if isNew {
            try meter.count(path, depth: depth)
            // A file that is named like a mark would remove something when unpacked.
            let isMark =
                whiteouts
                && path.utf8.split(separator: UInt8(ascii: "/")).last?.starts(with: Whiteout.prefix.utf8) == true
            if !isMark, let member = try member(path, status) {
                members.append(member)
                if member.shared.map({ counted.insert($0).inserted }) ?? true {
                    try meter.count(bytes: member.entry.size, of: path)
                }
            } else {
                skipped.append(path)
            }
        }
        if descending, status.st_mode & S_IFMT == S_IFDIR {
            try addContents(of: path, prefix: path + "/", depth: depth)
        }
    }

    private mutating func addContents(of path: String, prefix: String, depth: Int) throws(ArchiveError) {
        let descriptor = openat(root, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0, let stream = fdopendir(descriptor) else { throw systemError("open", path, of: name) }
        defer { closedir(stream) }
        if whiteouts, Whiteout.isOpaque(directory: descriptor) {
            addMark("\(prefix)\(Whiteout.opaqueName)")
        }
        while let record = readdir(stream) {
            guard let child = fileName(of: record) else {
                throw ArchiveError(.unsafePath, archive: name, member: path, detail: "holds a name that is not UTF-8")
            }
            if child == "." || child == ".." { continue }
            var status = stat()
            guard fstatat(descriptor, child, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
                throw systemError("read", prefix + child, of: name)
            }
            if whiteouts, Whiteout.isWhiteout(status) {
                addMark("\(prefix)\(Whiteout.prefix)\(child)")
            } else {
                try add(prefix + child, status, depth: depth + 1, descending: true)
            }
        }
    }

    private mutating func addMark(_ path: String) {
        guard listed.insert(path).inserted else { return }
        members.append(Member(entry: ArchiveEntry(path: path, kind: .file, permissions: 0o644)))
    }

    /// The member for what `status` describes; nil for a socket, a FIFO or a device.
    private func member(_ path: String, _ status: stat) throws(ArchiveError) -> Member? {
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

    private func target(of path: String) throws(ArchiveError) -> String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let count = readlinkat(root, path, &buffer, buffer.count - 1)
        guard count >= 0 else { throw systemError("read link", path, of: name) }
        guard let target = String(validating: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self) else {
            throw ArchiveError(.unsafePath, archive: name, member: path, detail: "links to a name that is not UTF-8")
        }
        return target
    }
}

/// The name in a directory record; nil when it is not UTF-8.
func fileName(of record: UnsafeMutablePointer<dirent>) -> String? {
    withUnsafePointer(to: &record.pointee.d_name) { tuple in
        tuple.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: record.pointee.d_name)) {
            String(validatingCString: $0)
        }
    }
}
