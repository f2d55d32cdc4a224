public import Core
public import Git
public import Model
public import Store

/// Plans in a store: the newest plan of each deployment as a tree, and its history.
///
/// Equal plans are equal trees, byte for byte.
public struct PlanStore: Sendable {
    private let store: Store

    public init(_ store: Store) {
        self.store = store
    }

    // MARK: Writing

    /// Writes `plan` as the plan of its deployment in one transaction. Unchanged documents are not rewritten.
    ///
    /// - Parameter header: The header of the plan.
    /// - Returns: The snapshot with the plan, and whether anything changed.
    /// - Throws: `StoreError`, `GitError` if the store cannot be written.
    @discardableResult
    public func write(_ plan: PlanDocuments, _ header: PlanHeader) throws -> (snapshot: Snapshot, isNew: Bool) {
        let branch = try PlanLayout.branch(header.deployment)
        let before = try commit(of: header.deployment)
        try store.transact(branch, Self.message(header)) { transaction in
            // A concurrent planner changes it as well, so that one of the two plans replaces the other as a whole.
            _ = try transaction.bytes(at: PlanLayout.header.path)
            for change in try plan.differences(from: PlanDocuments(base: transaction.base))
            where !change.path.isInside(RunRecords.directory) {
                if change.isInNew, let bytes = try plan.bytes(at: change.path) {
                    try transaction.write(bytes: bytes, to: change.path)
                } else {
                    try transaction.remove(change.path)
                }
            }
        }
        // The newest commit of the branch may record a run instead.
        let now = try commit(of: header.deployment)
        return (try now.map { try store.snapshot(at: $0) } ?? store.snapshot(branch), now != before)
    }

    private static func message(_ header: PlanHeader) -> String {
        var text = "Plan \(header.deployment): \(count(header.cells, "cell")), \(count(header.jobs, "job"))\n\n"
        for repository in header.repositories {
            text += "Repository: \(repository.location.displayableOnOneLine) \(repository.commit)\n"
        }
        return text
    }

    // MARK: Reading

    /// The documents of a deployment's plan, or of the plan at a revision of its branch; no documents if there is no
    /// plan.
    ///
    /// - Throws: `StoreError`, `GitError` if the revision is unknown.
    public func documents(_ deployment: String, at revision: String? = nil) throws -> PlanDocuments {
        if let revision { return PlanDocuments(base: try store.snapshot(at: revision)) }
        guard let commit = try commit(of: deployment) else {
            return PlanDocuments(base: try store.snapshot(PlanLayout.branch(deployment)))
        }
        return PlanDocuments(base: try store.snapshot(at: commit))
    }

    /// The commit that last changed the plan of a deployment; nil if there is none. Commits with records of runs may
    /// follow it.
    ///
    /// - Throws: `StoreError`, `GitError`.
    public func commit(of deployment: String) throws -> ObjectID? {
        let branch = try PlanLayout.branch(deployment)
        var limit = 8
        while true {
            let commits = try store.history(of: branch, limit: limit)
            if let plan = commits.first(where: { !RunRecords.isRecord($0.commit) }) { return plan.id }
            guard commits.count == limit else { return nil }
            limit *= 8
        }
    }

    /// The plan of a deployment, or the one at a revision of its branch; nil if there is none.
    ///
    /// - Throws: `StoreError`, `GitError` if the store is damaged or the revision is unknown.
    public func load(_ deployment: String, at revision: String? = nil) async throws -> Plan? {
        try await documents(deployment, at: revision).plan()
    }

    /// Stores the jobs of a deployment's newest plan in a cache, unless the cache has them already or `jobs` are not
    /// those of the plan.
    ///
    /// - Throws: `StoreError`, `GitError`.
    package func keep(_ jobs: [Digest: Job], of deployment: String, in tables: JobTables) throws {
        let documents = try documents(deployment)
        guard let tree = try documents.jobTree(), !tables.has(tree) else { return }
        let ids = try documents.base?.keys(in: PlanLayout.jobs) ?? []
        // A job's id is its digest, so that the ids determine the tree.
        guard ids.count == jobs.count, ids.allSatisfy({ Digest(hex: $0).map { jobs[$0] != nil } ?? false }) else {
            return
        }
        tables.keep(jobs, of: tree)
    }

    /// The opam file and `files/` of a package in the plan of a deployment; nil if it has no such package.
    public func files(_ digest: Digest, in deployment: String) throws -> PackageFiles? {
        try documents(deployment).files(digest)
    }

    /// The cells that differ from the plan of the previous run: new ones, and those decided by other jobs.
    ///
    /// - Parameter hasRun: whether anything was recorded under a plan of these repositories.
    /// - Returns: no cells if no plan was run before.
    /// - Complexity: Reads the headers of the plans in between, and the differences between the two.
    public func changes(
        of deployment: String, sinceRun hasRun: ([Plan.Repository]) -> Bool
    ) throws -> Set<Cell> {
        let branch = try PlanLayout.branch(deployment)
        let newest = try documents(deployment)
        let repositories = try newest.header()?.repositories
        for entry in try store.history(of: branch, limit: Self.historyLimit).dropFirst()
        where !RunRecords.isRecord(entry.commit) {
            let older = PlanDocuments(base: try store.snapshot(at: entry.id))
            guard let header = try older.header(), header.repositories != repositories, hasRun(header.repositories)
            else { continue }
            return try newest.changedCells(since: older)
        }
        return []
    }

    /// The maximum number of plans to search for the one that was run last.
    private static let historyLimit = 1_000
}

extension PlanDocuments {
    /// The cells that are new since an older plan, or are decided by other jobs.
    func changedCells(since older: PlanDocuments) throws -> Set<Cell> {
        var changed: Set<Cell> = []
        for difference in try differences(from: older) where difference.path.isInside(PlanLayout.cells) {
            let before = Dictionary(
                try older.cells(at: difference.path).map { ($0.cell, $0.basis) }, uniquingKeysWith: { $1 })
            for cell in try cells(at: difference.path) where before[cell.cell] != cell.basis {
                changed.insert(cell.cell)
            }
        }
        return changed
    }
}
