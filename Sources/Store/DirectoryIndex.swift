internal import Git

/// The entries of directories by name, for changes of so many documents that a linear search for each would dominate
/// the time.
struct DirectoryIndex {
    private var directories: [ObjectID: [String: TreeEntry]] = [:]

    /// The entry with this name in a directory.
    ///
    /// - Complexity: O(1), plus reading each directory once.
    mutating func entry(named name: String, in directory: ObjectID, _ load: (ObjectID) throws -> Tree) throws
        -> TreeEntry?
    {
        if let known = directories[directory] { return known[name] }
        let entries = Dictionary(
            try load(directory).entries.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        directories[directory] = entries
        return entries[name]
    }
}
