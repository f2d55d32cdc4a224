internal import Git

/// The change of one path by a transaction.
enum Edit: Sendable {
    case write(ObjectID)
    case remove
}

/// Changes a directory tree in memory and keeps the new directories until they are stored.
struct TreeEditor {
    /// The directories created by `apply`, by id.
    private(set) var created: [ObjectID: Tree] = [:]
    /// The created directories in order, each with the one that it was derived from.
    private(set) var versions: [(id: ObjectID, base: ObjectID?)] = []
    /// The results of lookups: several requests often look up the same entry.
    private var lookups: [Lookup: TreeEntry?] = [:]
    let load: (ObjectID) throws -> Tree
    /// Up to this number, names are looked up one by one.
    private static let few = 8

    private struct Lookup: Hashable {
        var directory: ObjectID
        var name: String
    }

    init(load: @escaping (ObjectID) throws -> Tree) {
        self.load = load
    }

    /// Applies `edits` to `root` and returns the new tree; directories that become empty are removed.
    ///
    /// - Complexity: Reads and rewrites each directory above a changed document once.
    /// - Throws: `StoreError` of kind `notADirectory` if a document and a directory would have the same path.
    mutating func apply(_ edits: some Sequence<(key: StorePath, value: Edit)>, to root: ObjectID) throws -> ObjectID {
        let edits = edits.map { (names: $0.key.components, edit: $0.value) }
        let result = try apply(edits, depth: 0, to: root)
        if result == nil { created[.emptyTree] = Tree.empty }
        return result ?? .emptyTree
    }

    private typealias PlacedEdit = (names: [String], edit: Edit)

    /// Applies edits that share their first `depth` names to the directory that these lead to.
    private mutating func apply(_ edits: [PlacedEdit], depth: Int, to id: ObjectID?) throws -> ObjectID? {
        let tree = try id.map { try self.tree($0) } ?? Tree.empty
        var changes: [(key: String, value: TreeEntry?)] = []
        let (documents, below) = Self.split(edits, at: depth)
        let directories = documents.count > Self.few ? Set(tree.directories) : nil
        for (names, edit) in documents {
            let name = names[depth]
            let isDirectory =
                try directories?.contains(name)
                ?? (id.flatMap { try entry(named: name, in: $0) }?.kind == .directory)
            guard !isDirectory, below[name] == nil else {
                let place = names.joined(separator: "/")
                throw StoreError(.notADirectory, "'\(place)' is a directory, and cannot become a document")
            }
            switch edit {
            case .write(let blob): changes.append((name, TreeEntry(name: name, kind: .file, id: blob)))
            case .remove: changes.append((name, nil))
            }
        }
        for (name, edits) in below {
            let entry = try id.flatMap { try self.entry(named: name, in: $0) }
            guard entry == nil || entry?.kind == .directory else {
                let place = edits[0].names[...depth].joined(separator: "/")
                throw StoreError(.notADirectory, "'\(place)' is a document, and cannot become a directory")
            }
            let result = try apply(edits, depth: depth + 1, to: entry?.id)
            changes.append((name, result.map { TreeEntry(name: name, kind: .directory, id: $0) }))
        }
        let changed = tree.applying(changes)
        if changed.isEmpty { return nil }
        if changed == tree { return id }
        let name = ObjectID(hashing: .tree, changed.bytes)
        if created.updateValue(changed, forKey: name) == nil { versions.append((name, id)) }
        return name
    }

    /// Splits edits into those of entries of the directory itself and those of each subdirectory.
    private static func split(
        _ edits: [PlacedEdit], at depth: Int
    ) -> (documents: [PlacedEdit], below: [String: [PlacedEdit]]) {
        if edits.count == 1 {
            return edits[0].names.count == depth + 1 ? (edits, [:]) : ([], [edits[0].names[depth]: edits])
        }
        var documents: [PlacedEdit] = []
        var below: [String: [PlacedEdit]] = [:]
        for edit in edits {
            if edit.names.count == depth + 1 {
                documents.append(edit)
            } else {
                below[edit.names[depth], default: []].append(edit)
            }
        }
        return (documents, below)
    }

    /// A directory, either created here or from the repository.
    func tree(_ id: ObjectID) throws -> Tree {
        if id == .emptyTree { return Tree.empty }
        return try created[id] ?? load(id)
    }

    /// The entry at `path` below `root`.
    mutating func entry(at path: StorePath, in root: ObjectID) throws -> TreeEntry? {
        try path.entry(in: root) { name, directory in try entry(named: name, in: directory) }
    }

    /// The entry of a directory.
    mutating func entry(named name: String, in directory: ObjectID) throws -> TreeEntry? {
        let lookup = Lookup(directory: directory, name: name)
        if let known = lookups[lookup] { return known }
        let entry = try tree(directory).entry(named: name)
        lookups[lookup] = .some(entry)
        return entry
    }
}

extension StorePath {
    /// The entry below the directory `root`; nil if there is none.
    ///
    /// - Parameter lookUp: Returns the entry of a directory.
    func entry(
        in root: ObjectID, lookUp: (_ name: String, _ directory: ObjectID) throws -> TreeEntry?
    ) throws -> TreeEntry? {
        var directory = root
        for (index, component) in components.enumerated() {
            guard let entry = try lookUp(component, directory) else { return nil }
            if index == components.count - 1 { return entry }
            guard entry.kind == .directory else { return nil }
            directory = entry.id
        }
        return nil
    }
}
