internal import Archive
internal import Core
internal import Glibc
internal import System

/// The files of a directory on disk. Symbolic links are followed.
///
/// - SeeAlso: `docs/decisions/0016-directory-stamps.md`
final class DirectoryTree: FileTree {
    private let directory: String
    /// The prefix of paths in messages.
    private let prefix: String
    let root = FileReference.path("")

    /// - Parameters:
    ///   - directory: The path of the directory.
    ///   - prefix: The prefix of paths in messages, if not the directory's path.
    init(_ directory: String, prefix: String? = nil) {
        self.directory = directory
        self.prefix = prefix ?? "\(directory)/"
    }

    /// Whether the directory exists.
    var isPresent: Bool { kind(of: "") == .directory }

    func entries(of reference: FileReference) throws(Failure) -> [FileEntry] {
        try entriesWithNames(of: reference).map(\.entry)
    }

    func entriesWithNames(of reference: FileReference) throws(Failure) -> [(name: FilePath, entry: FileEntry)] {
        let path = try path(reference)
        let descriptor = absolute(path).withCString { open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard var stream = DirectoryStream(adopting: descriptor) else { throw failure("read the directory", path) }
        var entries: [(name: FilePath, entry: FileEntry)] = []
        while let bytes = stream.next() {
            let name = FilePath(cString: bytes)
            guard entries.count < RepositoryLimit.entries else {
                throw Failure(.input, "\(describe("\(path)")): has more than \(RepositoryLimit.entries) entries")
            }
            let child = path.appending(name)
            let kind = Self.kind(stream.type) ?? kind(of: child)
            let text = String(decoding: name.bytes, as: UTF8.self)
            entries.append((name, FileEntry(name: text, kind: kind, reference: .path(child))))
        }
        return entries
    }

    func entry(_ name: String, in directory: FileReference) throws(Failure) -> FileEntry? {
        let child = try path(directory).appending(FilePath(name))
        guard isPresent(child) else { return nil }
        return FileEntry(name: name, kind: kind(of: child), reference: .path(child))
    }

    func contents(of file: FileReference, limit: Int) throws(Failure) -> [UInt8] {
        let path = try path(file)
        let descriptor = absolute(path).withCString { open($0, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
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
                throw Failure(.input, "\(describe("\(path)")): has more than \(limit) bytes, the limit")
            }
        }
    }

    func size(of file: FileReference) throws(Failure) -> Int {
        let path = try path(file)
        guard let status = status(of: path) else { throw failure("examine", path) }
        return Int(status.st_size)
    }

    func target(of link: FileReference) throws(Failure) -> String {
        let path = try path(link)
        throw Failure(.unavailable, "\(describe("\(path)")): links on the disk are followed by the kernel")
    }

    /// A digest of the paths, sizes, change times and inode numbers of the files.
    ///
    /// Files that cannot be examined are ignored: the reader of the package reports the problem.
    func contentID(of entry: FileEntry) throws(Failure) -> ContentID {
        var stamps = MessageDigest(.sha256)
        var count = 0
        try addStamps(of: entry, depth: 0, count: &count, to: &stamps)
        return .stamp(Digest(stamps))
    }

    private func addStamps(
        of entry: FileEntry, depth: Int, count: inout Int, to stamps: inout MessageDigest
    ) throws(Failure) {
        let path = try path(entry.reference)
        count += 1
        // Links can form cycles. Nothing beyond these limits is read anyway.
        guard depth <= RepositoryLimit.depth + 3, count <= RepositoryLimit.stampedEntries else {
            stamps.update(path.bytes + Array("\0too deep or too many\n".utf8))
            return
        }
        switch entry.kind {
        case .directory:
            let children: [FileEntry]
            do throws(Failure) {
                children = try entries(of: entry.reference)
            } catch  where error.category == .input {
                stamps.update(path.bytes + Array("\0\(error)\n".utf8))
                return
            }
            for child in children.sorted(by: { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }) {
                try addStamps(of: child, depth: depth + 1, count: &count, to: &stamps)
            }
        case .file, .link, .submodule, .other:
            guard let stamp = absolute(path).withCString({ try? Files.stamp(of: $0) }) else {
                stamps.update(path.bytes + Array("\0\n".utf8))
                return
            }
            stamps.update(path.bytes + Array("\0\(stamp.text)\n".utf8))
        }
    }

    func describe(_ path: String) -> String { prefix + path }

    // MARK: Paths

    private func path(_ reference: FileReference) throws(Failure) -> FilePath {
        guard case .path(let path) = reference else {
            throw Failure(.input, "\(directory): not a path of this directory")
        }
        return path
    }

    private func absolute(_ path: FilePath) -> FilePath {
        path.isEmpty ? FilePath(directory) : FilePath(directory).appending(path)
    }

    /// Whether the directory has such an entry; a broken link counts.
    private func isPresent(_ path: FilePath) -> Bool {
        var status = stat()
        return absolute(path).withCString { lstat($0, &status) } == 0
    }

    private func status(of path: FilePath) -> stat? {
        var status = stat()
        return absolute(path).withCString { stat($0, &status) } == 0 ? status : nil
    }

    /// The kind according to the directory entry; nil for a symbolic link, and if the file system does not report it.
    private static func kind(_ type: UInt8) -> FileEntry.Kind? {
        switch Int(type) {
        case DT_REG: .file
        case DT_DIR: .directory
        default: nil
        }
    }

    private func kind(of path: FilePath) -> FileEntry.Kind {
        guard let status = status(of: path) else { return .other }
        switch status.st_mode & Glibc.S_IFMT {
        case Glibc.S_IFREG: return .file
        case Glibc.S_IFDIR: return .directory
        default: return .other
        }
    }

    /// A missing permission or a wrong file type is an error in the directory's contents; all other failures are the
    /// machine's.
    private func failure(_ operation: String, _ path: FilePath) -> Failure {
        let code = errno
        let isMistake = [EACCES, EPERM, ELOOP, ENOENT, ENOTDIR, EISDIR, ENAMETOOLONG, ENXIO].contains(code)
        return Failure(
            isMistake ? .input : .unavailable,
            "\(describe("\(path)")): cannot \(operation): \(errorText(code))")
    }
}

private typealias Files = FileSystem<SystemError>

extension FileStamp {
    /// The text from which the digests of directories are made. Plans record these digests, so it must not change.
    fileprivate var text: String {
        let values = numbers.map { Int64(bitPattern: $0) }
        return "\(values[1]) \(values[2]).\(values[3]) \(values[4]).\(values[5]) \(values[0])"
    }
}
