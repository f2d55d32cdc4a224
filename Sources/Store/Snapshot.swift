internal import Core
public import Git

/// The immutable state of a branch at a commit.
public struct Snapshot: Sendable {
    /// An entry of a directory.
    public struct Entry: Hashable, Sendable {
        /// The last component of the path.
        public let name: String
        /// Whether the entry is a directory.
        public let isDirectory: Bool
        /// Whether the entry is a file. Branches that other programs push may also have symbolic links and submodules.
        public let isFile: Bool
        /// The id of the contents: equal ids mean equal contents.
        public let id: ObjectID
    }

    /// The commit; nil for a branch without commits.
    public let commit: ObjectID?
    /// The id of the commit's tree.
    public let tree: ObjectID
    let handles: HandlePool

    /// The contents of the document at `path`; nil if there is none.
    public func bytes(at path: StorePath) throws -> [UInt8]? { try document(at: path)?.bytes }

    /// The entry at `path`, with its contents if it is a document; nil if there is none.
    func document(at path: StorePath) throws -> (id: ObjectID, bytes: [UInt8]?)? {
        try handles.with { repository in
            guard let entry = try entry(at: path, in: repository) else { return nil }
            return (entry.id, entry.kind == .directory ? nil : try handles.cache.blob(entry.id, repository))
        }
    }

    /// The value at `path`; nil if there is none.
    ///
    /// - Throws: `StoreError` of kind `invalidValue` if the document cannot be decoded.
    public func value<Value: Decodable>(_ type: Value.Type = Value.self, at path: StorePath) throws -> Value? {
        try bytes(at: path).map { try decode(type, $0, at: path) }
    }

    /// The value at a typed path; nil if there is none.
    public func value<Value>(at path: TypedPath<Value>) throws -> Value? {
        try value(Value.self, at: path.path)
    }

    /// The size of the document at `path` in bytes, without reading it; 0 if there is none.
    public func size(at path: StorePath) throws -> Int {
        try handles.with { repository in
            guard let entry = try entry(at: path, in: repository), entry.kind != .directory else { return 0 }
            return try repository.header(entry.id).size
        }
    }

    /// Whether a document or a directory exists at `path`.
    public func exists(_ path: StorePath) throws -> Bool { try id(at: path) != nil }

    /// The id of the document or directory at `path`, for comparing contents without reading them.
    public func id(at path: StorePath) throws -> ObjectID? {
        try handles.with { try entry(at: path, in: $0)?.id }
    }

    /// The names in the directory at `path` (nil for the root), in git's order; empty if there is none.
    public func list(_ path: StorePath? = nil) throws -> [Entry] { try directory(at: path).entries }

    /// The entry at `path` (nil for the root), with the names if it is a directory.
    func directory(at path: StorePath?) throws -> (id: ObjectID?, entries: [Entry]) {
        try handles.with { repository in
            var directory = tree
            if let path {
                guard let entry = try entry(at: path, in: repository) else { return (nil, []) }
                guard entry.kind == .directory else { return (entry.id, []) }
                directory = entry.id
            }
            let entries = try handles.cache.tree(directory, repository).entries.map {
                Entry(
                    name: $0.name, isDirectory: $0.kind == .directory,
                    isFile: $0.kind == .file || $0.kind == .executable, id: $0.id)
            }
            return (directory, entries)
        }
    }

    /// Calls `body` with each document below `path` (nil for all), in git's order.
    public func forEachDocument(
        below path: StorePath? = nil, _ body: (_ path: StorePath, _ bytes: [UInt8]) throws -> Void
    ) throws {
        try handles.with { repository in
            var directory = tree
            if let path {
                guard let entry = try entry(at: path, in: repository), entry.kind == .directory else { return }
                directory = entry.id
            }
            try repository.walk(directory, prefix: path?.description ?? "") { place, entry in
                if entry.kind != .directory { try body(StorePath(place), repository.blob(entry.id)) }
                return true
            }
        }
    }

    /// The paths of all documents except those in one directory of the root.
    package func paths(except directory: String) throws -> Set<String> {
        var paths: Set<String> = []
        try handles.with { repository in
            try repository.walk(tree) { path, entry in
                if entry.kind == .directory { return path != directory }
                paths.insert(path)
                return true
            }
        }
        return paths
    }

    /// The keys in a sharded directory, sorted.
    public func keys<Value>(in directory: ShardedDirectory<Value>) throws -> [String] {
        var keys: [String] = []
        try handles.with { repository in
            guard let entry = try entry(at: directory.path, in: repository), entry.kind == .directory else { return }
            try repository.walk(entry.id, prefix: directory.path.description) { place, entry in
                if entry.kind != .directory, let key = directory.key(of: try StorePath(place)) { keys.append(key) }
                return true
            }
        }
        return keys.sorted()
    }

    private func entry(at path: StorePath, in repository: GitRepository) throws -> TreeEntry? {
        try handles.cache.entry(at: path, in: tree, repository)
    }
}

/// Decodes `bytes`, and names the document if that fails.
func decode<Value: Decodable>(_ type: Value.Type, _ bytes: [UInt8], at path: StorePath) throws -> Value {
    do {
        return try CanonicalJSON.decode(type, from: bytes)
    } catch {
        throw StoreError(
            .invalidValue, "document '\(path)' is not a valid \(type): \(error)",
            hint: "`ci store log PATH` shows who wrote it, `ci store undo` reverts a change")
    }
}
