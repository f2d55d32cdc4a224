package import Core
package import Model
internal import Store

/// The verdicts on jobs that are recorded at one time; each branch is read once for several jobs.
package struct NewVerdicts: Sendable {
    private let lookup: JobLookup
    /// The branches to search; nil for the deployment's own branches.
    private let branches: [ResultBranch]?
    /// The branches at the time when they were first needed.
    private var snapshots: [ResultBranch: Snapshot] = [:]

    init(_ lookup: JobLookup, branches: [ResultBranch]?) {
        self.lookup = lookup
        self.branches = branches
    }

    /// The newest verdict on a job.
    ///
    /// - Returns: The verdict, and whether the deployment itself has recorded it; nil if there is none.
    /// - Throws: `StoreError`.
    package mutating func verdict(onJob id: Digest) throws -> (result: CellResult, isOwn: Bool)? {
        let branches = branches ?? lookup.ownBranches(ofJob: id)
        for branch in branches where snapshots[branch] == nil { snapshots[branch] = try lookup.snapshot(branch) }
        return try lookup.verdict(onJob: id, in: branches) { [snapshots] branch in
            try snapshots[branch] ?? lookup.snapshot(branch)
        }
    }
}
