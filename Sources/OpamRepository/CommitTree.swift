internal import Core
internal import Git

/// The files of a commit, read from the object database; nothing is checked out.
final class CommitTree: FileTree {
    private let repository: GitRepository
    private let location: String
    let root: FileReference

    /// Opens the repository for the calling thread.
    init(opening path: String, tree: ObjectID, location: String) throws(Failure) {
        do {
            repository = try GitRepository(opening: path)
        } catch {
            throw error.failure
        }
        self.location = location
        root = .object(tree)
    }

    func entries(of folder: FileReference) throws(Failure) -> [FileEntry] {
        let id = try objectID(folder)
        let tree = try reading { try repository.tree(id) }
        // An entry has at least 24 bytes.
        guard tree.bytes.count <= RepositoryLimit.entries * 24 else {
            throw Failure(.input, "\(location): a folder has too many entries (tree \(id))")
        }
        return tree.entries.map(FileEntry.init)
    }

    func entry(_ name: String, in folder: FileReference) throws(Failure) -> FileEntry? {
        let id = try objectID(folder)
        return try reading { try repository.tree(id).entry(named: name) }.map(FileEntry.init)
    }

    func contents(of file: FileReference, limit: Int) throws(Failure) -> [UInt8] {
        let id = try objectID(file)
        let size = try reading { try repository.header(id).size }
        guard size <= limit else {
            throw Failure(.input, "\(location): a file has \(size) bytes (blob \(id)); the limit is \(limit)")
        }
        return try reading { try repository.blob(id) }
    }

    func contentID(of entry: FileEntry) throws(Failure) -> ContentID {
        .object(try objectID(entry.reference))
    }

    func describe(_ path: String) -> String { "\(location):\(path)" }

    private func objectID(_ reference: FileReference) throws(Failure) -> ObjectID {
        guard case .object(let id) = reference else {
            throw Failure(.input, "\(location): not an object of this repository")
        }
        return id
    }

    private func reading<Result>(_ read: () throws -> Result) throws(Failure) -> Result {
        do {
            return try read()
        } catch let error as GitError {
            throw error.failure
        } catch {
            throw Failure(.infrastructure, "\(location): \(error)")
        }
    }
}

extension FileEntry {
    fileprivate init(_ entry: TreeEntry) {
        let kind: Kind =
            switch entry.kind {
            case .file, .executable: .file
            case .directory: .folder
            case .symbolicLink, .submodule: .other
            }
        self.init(name: entry.name, kind: kind, reference: .object(entry.id))
    }
}
