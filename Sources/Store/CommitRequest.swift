internal import Git

/// A transaction that waits to be committed, and the recipient of its result.
struct CommitRequest: Sendable {
    let branch: Branch
    let baseCommit: ObjectID?
    let baseTree: ObjectID
    let reads: [StorePath: ObjectID?]
    let writes: [StorePath: Transaction.Write]
    let message: String
    let options: TransactionOptions
    let complete: @Sendable (Result<ObjectID?, any Error>) -> Void
}

/// The result of a batch of requests on a branch: commits, new objects, and the included requests.
struct PreparedChange {
    var steps: [JournalRecord.Step] = []
    var blobs: [ObjectID: [UInt8]] = [:]
    var trees: [ObjectID: Tree] = [:]
    /// The trees in the order of creation, each with the tree that it was derived from.
    var treeVersions: [(id: ObjectID, base: ObjectID?)] = []
    var commits: [(id: ObjectID, commit: Commit, bytes: [UInt8])] = []
    var accepted: [(request: CommitRequest, commit: ObjectID?)] = []
    var rejected: [(request: CommitRequest, error: any Error)] = []
}
