internal import Archive
internal import Core
internal import Git

/// The files of a commit, read from the object database without a checkout.
final class CommitTree: FileTree {
    private let repository: GitRepository
    /// The prefix of paths in messages.
    private let prefix: String
    let root: FileReference

    /// Opens the repository for use by the calling thread.
    init(opening path: String, tree: ObjectID, prefix: String) throws(Failure) {
        do {
            repository = try GitRepository(opening: path)
        } catch {
            throw error.failure
        }
        self.prefix = prefix
        root = .object(tree)
    }

    func entries(of directory: FileReference) throws(Failure) -> [FileEntry] {
        try tree(directory).entries.map(FileEntry.init)
    }

    func entriesWithNames(of directory: FileReference) throws(Failure) -> [(name: FilePath, entry: FileEntry)] {
        try tree(directory).entriesWithNames.map { name, kind, id in
            let entry = TreeEntry(name: String(decoding: name, as: UTF8.self), kind: kind, id: id)
            return (FilePath(bytes: name), FileEntry(entry))
        }
    }

    private func tree(_ directory: FileReference) throws(Failure) -> Tree {
        let id = try objectID(directory)
        let tree = try reading { try repository.tree(id) }
        // An entry has at least 24 bytes.
        guard tree.bytes.count <= RepositoryLimit.entries * 24 else {
            throw Failure(.input, "\(prefix) a directory has too many entries (tree \(id))")
        }
        return tree
    }

    func entry(_ name: String, in directory: FileReference) throws(Failure) -> FileEntry? {
        let id = try objectID(directory)
        return try reading { try repository.tree(id).entry(named: name) }.map(FileEntry.init)
    }

    func contents(of file: FileReference, limit: Int) throws(Failure) -> [UInt8] {
        let id = try objectID(file)
        let size = try reading { try repository.header(id).size }
        guard size <= limit else {
            throw Failure(.input, "has \(size) bytes; the limit is \(limit)")
        }
        return try reading { try repository.blob(id) }
    }

    func size(of file: FileReference) throws(Failure) -> Int {
        let id = try objectID(file)
        return try reading { try repository.header(id).size }
    }

    func target(of link: FileReference) throws(Failure) -> String {
        String(decoding: try contents(of: link, limit: RepositoryLimit.linkTarget), as: UTF8.self)
    }

    func contentID(of entry: FileEntry) throws(Failure) -> ContentID {
        .object(try objectID(entry.reference))
    }

    func describe(_ path: String) -> String { prefix + path }

    private func objectID(_ reference: FileReference) throws(Failure) -> ObjectID {
        guard case .object(let id) = reference else {
            throw Failure(.input, "\(prefix) not an object of this repository")
        }
        return id
    }

    private func reading<Result>(_ read: () throws -> Result) throws(Failure) -> Result {
        do {
            return try read()
        } catch let error as GitError {
            throw error.failure
        } catch {
            throw Failure(.unavailable, "\(prefix) \(error)")
        }
    }
}

extension FileEntry {
    fileprivate init(_ entry: TreeEntry) {
        let kind: Kind =
            switch entry.kind {
            case .file, .executable: .file
            case .directory: .directory
            case .symbolicLink: .link
            case .submodule: .submodule
            }
        self.init(name: entry.name, kind: kind, reference: .object(entry.id))
    }
}
