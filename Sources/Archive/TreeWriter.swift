import Glibc

/// Creates members below an open directory, by the policy of an extraction.
struct TreeWriter: ~Copyable {
    private let root: Int32
    private let archive: String
    private let policy: Extraction
    private(set) var meter: TreeMeter
    /// Modes and times of directories are set last: a read-only directory could not be filled.
    private var directories: [(components: [String], entry: ArchiveEntry)] = []
    private var parent: (components: [String], descriptor: Int32)?
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: blockSize, alignment: 16)

    init(root: Int32, archive: String, policy: Extraction) {
        self.root = root
        self.archive = archive
        self.policy = policy
        meter = TreeMeter(policy.limits, archive: archive)
    }

    deinit {
        buffer.deallocate()
        if let parent { close(parent.descriptor) }
    }

    /// Creates `entry`, a file with what `contents` gives next.
    mutating func add(_ entry: ArchiveEntry, contents: ArchiveReader) throws(ArchiveError) {
        let components = try components(of: entry.path, of: entry)
        try meter.count(entry.path, depth: components.count)
        guard let name = components.last else { return }
        let directory = try open(Array(components.dropLast()))
        if policy.whiteouts, name.utf8.starts(with: Whiteout.prefix.utf8) {
            return try addWhiteout(name, in: directory, entry)
        }
        switch entry.kind {
        case .directory: return try addDirectory(components, in: directory, entry)
        case .file: try addFile(name, in: directory, entry, contents)
        case .symbolicLink(let target):
            try check(target, of: entry, depth: components.count - 1)
            clear(name, in: directory)
            guard symlinkat(target, directory, name) == 0 else { throw failure("create link", entry) }
        case .hardLink(let target): return try addHardLink(to: target, name, in: directory, entry)
        case .special:
            throw ArchiveError(
                .specialFile, archive: archive, member: entry.path, detail: "a device, FIFO or socket is not unpacked")
        }
        try setOwner(of: name, in: directory, entry)
        var times = [timespec(tv_sec: entry.modified, tv_nsec: 0), timespec(tv_sec: entry.modified, tv_nsec: 0)]
        utimensat(directory, name, &times, AT_SYMLINK_NOFOLLOW)
    }

    /// Sets what had to wait until everything was in place.
    mutating func finish() throws(ArchiveError) {
        for (components, entry) in directories.reversed() {
            guard let name = components.last else { continue }
            let directory = try open(Array(components.dropLast()))
            // A later member of that name may have taken the directory's place.
            var status = stat()
            guard fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0, status.st_mode & S_IFMT == S_IFDIR else {
                continue
            }
            try setOwner(of: name, in: directory, entry)
            fchmodat(directory, name, entry.permissions & (policy.permissionMask | 0o1000), 0)
            var times = [timespec(tv_sec: entry.modified, tv_nsec: 0), timespec(tv_sec: entry.modified, tv_nsec: 0)]
            utimensat(directory, name, &times, AT_SYMLINK_NOFOLLOW)
        }
    }

    /// `path` taken apart; "./" and repeated slashes mean nothing.
    private func components(of path: String, of entry: ArchiveEntry) throws(ArchiveError) -> [String] {
        guard !path.isEmpty, !path.utf8.starts(with: "/".utf8) else {
            throw ArchiveError(
                .unsafePath, archive: archive, member: entry.path, detail: "expected a relative path, found '\(path)'")
        }
        let components = path.split(separator: "/").map(String.init).filter { $0 != "." }
        guard !components.contains("..") else {
            throw ArchiveError(
                .unsafePath, archive: archive, member: entry.path, detail: "'..' in the path '\(path)'")
        }
        return components
    }

    /// A link may first climb to a directory inside and then only descend: a `..` behind a name could pass through
    /// another link, and mean any place.
    private func check(_ target: String, of entry: ArchiveEntry, depth: Int) throws(ArchiveError) {
        guard policy.links == .inside else { return }
        let components = target.split(separator: "/").filter { $0 != "." }
        let climbs = components.prefix { $0 == ".." }.count
        guard !target.utf8.starts(with: "/".utf8), climbs <= depth, !components.dropFirst(climbs).contains("..") else {
            throw ArchiveError(
                .linkOutside, archive: archive, member: entry.path,
                detail: "links to '\(target)', outside of the archive")
        }
    }

    /// Opens the directory at `components`, making what is missing of the way. It stays open until another is asked for.
    private mutating func open(_ components: [String]) throws(ArchiveError) -> Int32 {
        if let parent, parent.components == components { return parent.descriptor }
        var current = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        for component in components {
            mkdirat(current, component, 0o755)
            let next = openat(current, component, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            let reason = errno
            close(current)
            guard next >= 0 else {
                let code: ArchiveError.Code = reason == ELOOP || reason == ENOTDIR ? .unsafePath : .system
                throw ArchiveError(
                    code, archive: archive, member: components.joined(separator: "/"),
                    detail: "'\(component)' is not a directory: \(String(cString: strerror(reason)))")
            }
            current = next
        }
        if let parent { close(parent.descriptor) }
        parent = (components, current)
        return current
    }

    private mutating func addDirectory(
        _ components: [String], in directory: Int32, _ entry: ArchiveEntry
    ) throws(ArchiveError) {
        guard let name = components.last else { return }
        if mkdirat(directory, name, 0o755) != 0 {
            var status = stat()
            guard errno == EEXIST, fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
                throw failure("create directory", entry)
            }
            if status.st_mode & S_IFMT != S_IFDIR {
                clear(name, in: directory)
                guard mkdirat(directory, name, 0o755) == 0 else { throw failure("create directory", entry) }
            }
        }
        directories.append((components, entry))
    }

    private mutating func addFile(
        _ name: String, in directory: Int32, _ entry: ArchiveEntry, _ contents: ArchiveReader
    ) throws(ArchiveError) {
        clear(name, in: directory)
        let mode = entry.permissions & policy.permissionMask
        let raw = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
        guard raw >= 0 else { throw failure("create", entry) }
        let file = Descriptor(adopting: raw)
        while true {
            let count = try contents.read(into: buffer)
            if count == 0 { break }
            try meter.count(bytes: count, of: entry.path)
            var rest = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            while !rest.isEmpty {
                let written = write(file.raw, rest.baseAddress, rest.count)
                guard written > 0 else { throw failure("write", entry) }
                rest = UnsafeRawBufferPointer(rebasing: rest[written...])
            }
        }
        fchmod(file.raw, mode)
    }

    private mutating func addHardLink(
        to target: String, _ name: String, in directory: Int32, _ entry: ArchiveEntry
    ) throws(ArchiveError) {
        let components = try components(of: target, of: entry)
        guard let last = components.last else { throw failure("create link", entry) }
        // Opening the target's directory closes this one: keep it.
        let here = Descriptor(adopting: openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC))
        let there = try open(Array(components.dropLast()))
        clear(name, in: here.raw)
        guard linkat(there, last, here.raw, name, 0) == 0 else {
            throw ArchiveError(
                .damaged, archive: archive, member: entry.path,
                detail: "a hard link to '\(target)', which is not in the archive before it")
        }
    }

    private func addWhiteout(_ name: String, in directory: Int32, _ entry: ArchiveEntry) throws(ArchiveError) {
        if name == Whiteout.opaqueName {
            guard Whiteout.makeOpaque(directory: directory) else { throw failure("mark as opaque", entry) }
            return
        }
        let removed = String(name.dropFirst(Whiteout.prefix.count))
        guard !removed.isEmpty, removed != ".", removed != ".." else {
            throw ArchiveError(.unsafePath, archive: archive, member: entry.path, detail: "the mark names nothing")
        }
        clear(removed, in: directory)
        guard Whiteout.make(removed, in: directory) else { throw failure("mark as removed", entry) }
    }

    /// Removes a file or link of that name: the later member of an archive wins.
    private func clear(_ name: String, in directory: Int32) {
        unlinkat(directory, name, 0)
    }

    private func setOwner(of name: String, in directory: Int32, _ entry: ArchiveEntry) throws(ArchiveError) {
        let owner: Owner
        switch policy.ownership {
        case .extractor: return
        case .archive: owner = entry.owner
        case .fixed(let fixed): owner = fixed
        }
        guard fchownat(directory, name, owner.user, owner.group, AT_SYMLINK_NOFOLLOW) == 0 else {
            throw failure("change owner", entry)
        }
    }

    private func failure(_ action: String, _ entry: ArchiveEntry) -> ArchiveError {
        systemError(action, entry.path, of: archive)
    }
}
