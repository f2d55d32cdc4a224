internal import Git

/// What a transaction does to one path.
enum Edit: Sendable {
    case write(ObjectID)
    case remove
}

/// Changes a directory tree in memory; the new directories are kept until somebody stores them.
struct TreeEditor {
    /// Directories that `apply` made, by their names.
    private(set) var created: [ObjectID: Tree] = [:]
    let load: (ObjectID) throws -> Tree
    /// Up to so many names are looked up one by one.
    private static let few = 8

    /// The edits of one directory: of documents in it, and of directories below.
    private final class Node {
        var documents: [String: Edit] = [:]
        var directories: [String: Node] = [:]
    }

    init(load: @escaping (ObjectID) throws -> Tree) {
        self.load = load
    }

    /// The tree that comes of `edits` to `root`; directories that become empty are left out.
    ///
    /// - Complexity: Reads and rewrites each directory on the way to a changed document once.
    /// - Throws: `StoreError` of kind `notADirectory` where a document is in the way of a directory or one of a document.
    mutating func apply(_ edits: some Sequence<(key: StorePath, value: Edit)>, to root: ObjectID) throws -> ObjectID {
        let top = Node()
        for (path, edit) in edits {
            var node = top
            for component in path.components.dropLast() {
                if let next = node.directories[component] {
                    node = next
                } else {
                    let next = Node()
                    node.directories[component] = next
                    node = next
                }
            }
            node.documents[path.name] = edit
        }
        let result = try apply(top, to: root, at: "")
        if result == nil { created[.emptyTree] = Tree.empty }
        return result ?? .emptyTree
    }

    private mutating func apply(_ node: Node, to id: ObjectID?, at place: String) throws -> ObjectID? {
        let tree = try id.map { try self.tree($0) } ?? Tree.empty
        var changes: [String: TreeEntry?] = [:]
        let directories = node.documents.count > Self.few ? Set(tree.directories) : nil
        for (name, edit) in node.documents {
            let isDirectory = directories?.contains(name) ?? (tree.entry(named: name)?.kind == .directory)
            guard node.directories[name] == nil, !isDirectory else {
                throw StoreError(.notADirectory, "'\(place)\(name)' is a directory, and cannot become a document")
            }
            switch edit {
            case .write(let blob): changes[name] = TreeEntry(name: name, kind: .file, id: blob)
            case .remove: changes.updateValue(nil, forKey: name)
            }
        }
        for (name, child) in node.directories {
            let entry = tree.entry(named: name)
            guard entry == nil || entry?.kind == .directory else {
                throw StoreError(.notADirectory, "'\(place)\(name)' is a document, and cannot become a directory")
            }
            let result = try apply(child, to: entry?.id, at: "\(place)\(name)/")
            changes.updateValue(result.map { TreeEntry(name: name, kind: .directory, id: $0) }, forKey: name)
        }
        let changed = tree.applying(changes)
        if changed.isEmpty { return nil }
        if changed == tree { return id }
        let name = ObjectID(hashing: .tree, changed.bytes)
        created[name] = changed
        return name
    }

    /// A directory, of those made here or of those in the repository.
    func tree(_ id: ObjectID) throws -> Tree {
        if id == .emptyTree { return Tree.empty }
        return try created[id] ?? load(id)
    }

    /// The entry at `path` below `root`.
    func entry(at path: StorePath, in root: ObjectID) throws -> TreeEntry? {
        try path.entry(in: root, load: tree)
    }
}

extension StorePath {
    /// What lies here below the directory `root`; nil where nothing does.
    func entry(in root: ObjectID, load: (ObjectID) throws -> Tree) throws -> TreeEntry? {
        var directory = root
        for (index, component) in components.enumerated() {
            guard let entry = try load(directory).entry(named: component) else { return nil }
            if index == components.count - 1 { return entry }
            guard entry.kind == .directory else { return nil }
            directory = entry.id
        }
        return nil
    }
}
