internal import Core
internal import Glibc

/// The files of a folder on the disk. Symbolic links are followed.
final class FolderTree: FileTree {
    private let folder: String
    let root = FileReference.path("")

    /// - Parameter folder: The path of the folder.
    init(_ folder: String) {
        self.folder = folder
    }

    /// Whether there is such a folder.
    var isPresent: Bool { kind(of: "") == .folder }

    func entries(of reference: FileReference) throws(Failure) -> [FileEntry] {
        let path = try path(reference)
        guard let directory = opendir(absolute(path)) else { throw failure("read the folder", path) }
        defer { closedir(directory) }
        var entries: [FileEntry] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                String(cString: UnsafeRawPointer(tuple).assumingMemoryBound(to: CChar.self))
            }
            if name == "." || name == ".." { continue }
            guard entries.count < RepositoryLimit.entries else {
                throw Failure(.input, "\(describe(path)): more than \(RepositoryLimit.entries) entries")
            }
            let child = path.isEmpty ? name : "\(path)/\(name)"
            let kind = Self.kind(entry.pointee.d_type) ?? kind(of: child)
            entries.append(FileEntry(name: name, kind: kind, reference: .path(child)))
        }
        return entries
    }

    func entry(_ name: String, in folder: FileReference) throws(Failure) -> FileEntry? {
        let path = try path(folder)
        let child = path.isEmpty ? name : "\(path)/\(name)"
        guard status(of: child) != nil else { return nil }
        return FileEntry(name: name, kind: kind(of: child), reference: .path(child))
    }

    func contents(of file: FileReference, limit: Int) throws(Failure) -> [UInt8] {
        let path = try path(file)
        let descriptor = open(absolute(path), O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw failure("open", path) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure("read", path) }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
            guard bytes.count <= limit else {
                throw Failure(.input, "\(describe(path)): more than \(limit) bytes, the limit")
            }
        }
    }

    /// A digest of the paths, sizes, times of change and inode numbers of the files.
    func contentID(of entry: FileEntry) throws(Failure) -> ContentID {
        var stamps = MessageDigest(.sha256)
        try addStamps(of: entry, depth: 0, to: &stamps)
        return .stamp(Digest(stamps))
    }

    private func addStamps(of entry: FileEntry, depth: Int, to stamps: inout MessageDigest) throws(Failure) {
        let path = try path(entry.reference)
        guard depth <= RepositoryLimit.depth else {
            throw Failure(.input, "\(describe(path)): folders nest deeper than \(RepositoryLimit.depth)")
        }
        switch entry.kind {
        case .folder:
            let children = try entries(of: entry.reference)
            for child in children.sorted(by: { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }) {
                try addStamps(of: child, depth: depth + 1, to: &stamps)
            }
        case .file, .other:
            guard let status = status(of: path) else { return }
            let times =
                "\(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec) "
                + "\(status.st_ctim.tv_sec).\(status.st_ctim.tv_nsec)"
            stamps.update(Array("\(path)\0\(status.st_size) \(times) \(status.st_ino)\n".utf8))
        }
    }

    func describe(_ path: String) -> String { absolute(path) }

    // MARK: Paths

    private func path(_ reference: FileReference) throws(Failure) -> String {
        guard case .path(let path) = reference else {
            throw Failure(.input, "\(folder): not a path of this folder")
        }
        return path
    }

    private func absolute(_ path: String) -> String {
        path.isEmpty ? folder : "\(folder)/\(path)"
    }

    private func status(of path: String) -> stat? {
        var status = stat()
        return stat(absolute(path), &status) == 0 ? status : nil
    }

    /// What the folder itself says of the entry; nil for a symbolic link, and where the file system doesn't say.
    private static func kind(_ type: UInt8) -> FileEntry.Kind? {
        switch Int(type) {
        case DT_REG: .file
        case DT_DIR: .folder
        default: nil
        }
    }

    private func kind(of path: String) -> FileEntry.Kind {
        guard let status = status(of: path) else { return .other }
        switch status.st_mode & Glibc.S_IFMT {
        case Glibc.S_IFREG: return .file
        case Glibc.S_IFDIR: return .folder
        default: return .other
        }
    }

    private func failure(_ operation: String, _ path: String) -> Failure {
        let reason = String(cString: strerror(errno))
        return Failure(.infrastructure, "\(absolute(path)): cannot \(operation): \(reason)")
    }
}
