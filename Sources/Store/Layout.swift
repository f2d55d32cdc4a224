/// Where things lie in the folder of a store: a bare git repository, and a folder of ours in it that git ignores.
struct Layout: Sendable {
    /// The store's own folder.
    let root: String

    var own: String { "\(root)/ciso" }
    var schema: String { "\(own)/schema" }
    var writerLock: String { "\(own)/writer.lock" }
    var journal: String { "\(own)/journal" }
    /// The last known commit of each branch, for repairs.
    var heads: String { "\(own)/heads" }
    /// Files that were deleted, to be written anew.
    var spares: String { "\(own)/spare" }
    var objects: String { "\(own)/objects" }
    var logs: String { "\(own)/logs" }
    var live: String { "\(own)/live" }
    var gitObjects: String { "\(root)/objects" }
}
