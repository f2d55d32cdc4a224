internal import System

/// The files of a store: a bare git repository with a directory of our own that git ignores.
///
/// - SeeAlso: `docs/decisions/0141-clones-of-stores.md`
struct Layout: Sendable {
    /// The store's own directory.
    let root: String
    /// Set if the directory is a plain clone of a store, which has no directory of our own and is read-only.
    let clone: StoreClone?

    init(root: String, clone: StoreClone? = nil) {
        self.root = root
        self.clone = clone
    }

    /// The layout of the store or of the clone of a store at `path`.
    ///
    /// - Throws: `GitError` if there is a repository that cannot be opened.
    static func find(at path: String) throws -> Layout {
        let layout = Layout(root: path)
        let isDirectory = FileStatus("\(path)/.") != nil
        guard isDirectory, FileStatus(layout.own) == nil, !layout.isUnfinished,
            let clone = try StoreClone.find(at: path)
        else { return layout }
        return Layout(root: clone.directory, clone: clone)
    }

    var own: String { "\(root)/ciso" }
    var schema: String { "\(own)/schema" }
    var writerLock: String { "\(own)/writer.lock" }
    var journal: String { "\(own)/journal" }
    /// The last known commit of each branch, for repairs.
    var heads: String { "\(own)/heads" }
    /// Deleted files that are kept for recycling.
    var spares: String { "\(own)/spare" }
    var objects: String { "\(own)/objects" }
    var logs: String { "\(own)/logs" }
    /// The directory of indexes, which are derived from the history.
    var indexes: String { "\(own)/indexes" }
    var live: String { "\(own)/live" }
    var gitObjects: String { "\(root)/objects" }
}
