internal import Git

/// The entries of directories by their names, for changes of so many documents that looking through each directory again
/// for each of them would take longest.
struct DirectoryIndex {
    private var directories: [ObjectID: [String: TreeEntry]] = [:]

    /// The entry called `name` of a directory.
    ///
    /// - Complexity: O(1), and once for each directory what reading it takes.
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
