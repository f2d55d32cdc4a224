import Glibc
import System

/// Creates members below an open directory, according to the options of an extraction.
struct TreeWriter: ~Copyable {
    let root: Int32
    let archive: String
    private let policy: Extraction
    private(set) var meter: TreeMeter
    /// The entries added over lower layers; nil if the tree was empty.
    private(set) var added: Set<FilePath>?
    /// Modes and times of directories are set last, because read-only directories could not be filled.
    private var directories: [(components: [FilePath], entry: ArchiveEntry)] = []
    private var parent: (components: [FilePath], descriptor: Int32)?
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: blockSize, alignment: 16)

    init(root: Int32, archive: String, policy: Extraction) {
        self.root = root
        self.archive = archive
        self.policy = policy
        meter = TreeMeter(policy.limits, archive: archive)
    }

    /// Adds the members of a layer to the tree of the lower layers. Their links in the path of a member are followed as
    /// if the tree were `/`, whiteouts are applied, and members that cannot be unpacked are skipped.
    ///
    /// - Parameter meter: the counts of the lower layers.
    init(root: Int32, archive: String, policy: Extraction, over meter: TreeMeter) {
        self.init(root: root, archive: archive, policy: policy)
        self.meter = meter.continued(with: archive)
        added = []
    }

    deinit {
        buffer.deallocate()
        if let parent { close(parent.descriptor) }
    }

    /// Creates `entry`; the contents of a file are read from `contents`.
    mutating func add(_ entry: ArchiveEntry, contents: ArchiveReader) throws(ArchiveError) {
        let components = try components(of: entry.path, of: entry)
        try meter.count(entry.path, depth: components.count)
        guard let name = components.last else { return }
        if added != nil, entry.kind == .special { return }
        let directory = try open(Array(components.dropLast()))
        if added != nil {
            if name.hasPrefix(Whiteout.prefix) { return try applyWhiteout(name, components, in: directory, entry) }
            added?.insert(FilePath(joining: components))
        }
        if policy.whiteouts, name.hasPrefix(Whiteout.prefix) {
            return try addWhiteout(name, in: directory, entry)
        }
        switch entry.kind {
        case .directory: return try addDirectory(components, in: directory, entry)
        case .file: return try addFile(name, in: directory, entry, contents)
        case .symbolicLink(let target):
            try check(target, of: entry, depth: components.count - 1)
            let made = replacing(name, in: directory) {
                target.withCString { target in name.withCString { symlinkat(target, directory, $0) } }
            }
            guard made == 0 else { throw failure("create link", entry) }
        case .hardLink(let target): return try addHardLink(to: target, name, in: directory, entry)
        case .special:
            throw ArchiveError(
                .specialFile, archive: archive, member: entry.path.description,
                detail: "a device, FIFO or socket is not unpacked")
        }
        try setOwner(of: name, in: directory, entry)
        _ = name.withCString { utimensat(directory, $0, entry.times, AT_SYMLINK_NOFOLLOW) }
    }

    /// Sets modes and times that must be set after everything else.
    mutating func finish() throws(ArchiveError) {
        for (components, entry) in directories.reversed() {
            guard let name = components.last else { continue }
            let directory = try open(Array(components.dropLast()))
            // A later member with the same name may have replaced the directory.
            var status = stat()
            let found = name.withCString { fstatat(directory, $0, &status, AT_SYMLINK_NOFOLLOW) }
            guard found == 0, status.st_mode & S_IFMT == S_IFDIR else { continue }
            try setOwner(of: name, in: directory, entry)
            let mode = entry.permissions & (policy.permissionMask | 0o1000)
            _ = name.withCString { fchmodat(directory, $0, mode, 0) }
            setAttributes(of: name, in: directory, entry)
            _ = name.withCString { utimensat(directory, $0, entry.times, AT_SYMLINK_NOFOLLOW) }
        }
    }

    /// Splits `path` into components; "./" and repeated slashes are ignored.
    private func components(of path: FilePath, of entry: ArchiveEntry) throws(ArchiveError) -> [FilePath] {
        guard !path.isEmpty, !path.isAbsolute || added != nil else {
            throw ArchiveError(
                .unsafePath, archive: archive, member: entry.path.description,
                detail: "expected a relative path, found '\(path)'")
        }
        let components = path.components.filter { $0 != "." }
        guard !components.contains("..") else {
            throw ArchiveError(
                .unsafePath, archive: archive, member: entry.path.description, detail: "'..' in the path '\(path)'")
        }
        return components
    }

    /// A link may first ascend to a directory inside the tree and then only descend: a `..` after a name could follow
    /// another link out of the tree.
    private func check(_ target: FilePath, of entry: ArchiveEntry, depth: Int) throws(ArchiveError) {
        guard policy.links == .inside else { return }
        let components = target.components.filter { $0 != "." }
        let climbs = components.prefix { $0 == ".." }.count
        guard !target.isAbsolute, climbs <= depth, !components.dropFirst(climbs).contains("..") else {
            throw ArchiveError(
                .linkOutside, archive: archive, member: entry.path.description,
                detail: "links to '\(target)', outside of the archive")
        }
    }

    /// Opens the directory at `components`, creating missing directories of its path. It stays open until another one
    /// is opened.
    private mutating func open(_ components: [FilePath]) throws(ArchiveError) -> Int32 {
        if let parent, parent.components == components { return parent.descriptor }
        if added != nil {
            let opened = try openInRoot(components[...])
            if let parent { close(parent.descriptor) }
            parent = (components, opened)
            return opened
        }
        var current = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        for component in components {
            let next = component.withCString { openDirectory($0, in: current, making: 0o755) }
            let reason = errno
            close(current)
            guard next >= 0 else {
                let code: ArchiveError.Code = reason == ELOOP || reason == ENOTDIR ? .unsafePath : .system
                throw ArchiveError(
                    code, archive: archive, member: components.map(\.description).joined(separator: "/"),
                    detail: "'\(component)' is not a directory: \(errorText(reason))")
            }
            current = next
        }
        if let parent { close(parent.descriptor) }
        parent = (components, current)
        return current
    }

    private mutating func addDirectory(
        _ components: [FilePath], in directory: Int32, _ entry: ArchiveEntry
    ) throws(ArchiveError) {
        guard let name = components.last else { return }
        if name.withCString({ makeDirectory($0, in: directory, mode: 0o755) }) != 0 {
            var status = stat()
            guard errno == EEXIST, name.withCString({ fstatat(directory, $0, &status, AT_SYMLINK_NOFOLLOW) }) == 0
            else {
                throw failure("create directory", entry)
            }
            if status.st_mode & S_IFMT != S_IFDIR {
                removeEntry(name, in: directory)
                guard name.withCString({ makeDirectory($0, in: directory, mode: 0o755) }) == 0 else {
                    throw failure("create directory", entry)
                }
            }
        }
        directories.append((components, entry))
    }

    private mutating func addFile(
        _ name: FilePath, in directory: Int32, _ entry: ArchiveEntry, _ contents: ArchiveReader
    ) throws(ArchiveError) {
        let mode = entry.permissions & policy.permissionMask
        let raw = replacing(name, in: directory) {
            name.withCString { openat(directory, $0, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode) }
        }
        guard raw >= 0 else { throw failure("create", entry) }
        let file = OpenFile<SystemError>(adopting: raw, entry.path.description)
        while true {
            let count = try contents.read(into: buffer)
            if count == 0 { break }
            try meter.count(bytes: count, of: entry.path)
            do throws(SystemError) {
                try file.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            } catch {
                throw ArchiveError(error, of: archive)
            }
        }
        // The kernel clears set-user-ID and capabilities where the owner changes.
        if let owner = owner(of: entry), fchown(raw, owner.user, owner.group) != 0 {
            throw failure("change owner", entry)
        }
        fchmod(raw, mode)
        if added != nil { ExtendedAttribute.set(entry.attributes, of: raw) }
        _ = futimens(raw, entry.times)
        // An image is synced before it is used. Starting to write now spreads that over the time of unpacking.
        if added != nil, entry.size >= Self.largeFile { file.startWriting(entry.size, at: 0) }
    }

    /// The size in bytes from which writing a file to disk is started immediately.
    private static let largeFile = 1 << 16

    private mutating func addHardLink(
        to target: FilePath, _ name: FilePath, in directory: Int32, _ entry: ArchiveEntry
    ) throws(ArchiveError) {
        let components = try components(of: target, of: entry)
        guard let last = components.last else { throw failure("create link", entry) }
        if added != nil, components == entry.path.components.filter({ $0 != "." }) { return }
        // Opening the target's directory closes `directory`, so it is duplicated.
        let duplicate = Descriptor(adopting: openDirectory(".", in: directory), archive)
        let targetDirectory = try open(Array(components.dropLast()))
        let parent = duplicate.raw
        let made = replacing(name, in: parent) {
            last.withCString { last in name.withCString { linkat(targetDirectory, last, parent, $0, 0) } }
        }
        guard made == 0 else {
            throw ArchiveError(
                .damaged, archive: archive, member: entry.path.description,
                detail: "a hard link to '\(target)', which is not in the archive before it")
        }
    }

    private func addWhiteout(_ name: FilePath, in directory: Int32, _ entry: ArchiveEntry) throws(ArchiveError) {
        if name == FilePath(Whiteout.opaqueName) {
            guard Whiteout.makeOpaque(directory: directory) else { throw failure("mark as opaque", entry) }
            return
        }
        let removed = FilePath(bytes: name.bytes.dropFirst(Whiteout.prefix.utf8.count))
        guard !removed.isEmpty, removed != ".", removed != ".." else {
            throw ArchiveError(
                .unsafePath, archive: archive, member: entry.path.description, detail: "the whiteout names nothing")
        }
        removeEntry(removed, in: directory)
        guard Whiteout.make(removed, in: directory) else { throw failure("mark as removed", entry) }
    }

    /// Calls `make`; if the name exists, removes it and calls `make` again.
    private func replacing(_ name: FilePath, in directory: Int32, _ make: () -> Int32) -> Int32 {
        let made = make()
        guard made < 0, errno == EEXIST else { return made }
        removeEntry(name, in: directory)
        return make()
    }

    /// Removes the file or link `name`, or over lower layers also a directory: the later member wins.
    private func removeEntry(_ name: FilePath, in directory: Int32) {
        let isGone = name.withCString { unlinkat(directory, $0, 0) } == 0
        if !isGone, added != nil { _ = removeTree(name, in: directory) }
    }

    /// The owner to set; nil to keep the current user.
    private func owner(of entry: ArchiveEntry) -> Owner? {
        switch policy.ownership {
        case .extractor: nil
        case .archive: entry.owner
        case .fixed(let fixed): fixed
        case .shifted(let offset): (added == nil ? entry.owner : entry.owner.mapped).shifted(up: offset)
        }
    }

    /// Sets the extended attributes of a directory that a layer of an image adds.
    private func setAttributes(of name: FilePath, in directory: Int32, _ entry: ArchiveEntry) {
        let attributes = entry.attributes.filter { $0.key.hasPrefix("user.") }
        guard added != nil, !attributes.isEmpty else { return }
        let opened = Descriptor(adopting: name.withCString { openDirectory($0, in: directory) }, archive)
        if opened.raw >= 0 { ExtendedAttribute.set(attributes, of: opened.raw) }
    }

    private func setOwner(of name: FilePath, in directory: Int32, _ entry: ArchiveEntry) throws(ArchiveError) {
        guard let owner = owner(of: entry) else { return }
        let flag = AT_SYMLINK_NOFOLLOW
        guard name.withCString({ fchownat(directory, $0, owner.user, owner.group, flag) }) == 0 else {
            throw failure("change owner", entry)
        }
    }

    private func failure(_ action: String, _ entry: ArchiveEntry) -> ArchiveError {
        systemError(action, entry.path.description, of: archive)
    }
}

extension ArchiveEntry {
    /// The times of access and modification of the unpacked file.
    fileprivate var times: [timespec] { Array(repeating: timespec(tv_sec: modified, tv_nsec: 0), count: 2) }
}
