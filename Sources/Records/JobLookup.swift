package import Core
package import Model
package import Store

/// Looks up single jobs in the store as it is now, whichever process has recorded their results meanwhile.
package struct JobLookup: Sendable {
    private let store: Store
    private let plan: Plan

    package init(store: Store, plan: Plan) {
        self.store = store
        self.plan = plan
    }

    /// The newest verdict on a job that no retry request supersedes.
    ///
    /// - Returns: also whether the deployment itself has recorded it; nil where there is none.
    /// - Throws: `StoreError`.
    package func verdict(onJob id: Digest) throws -> (result: CellResult, isOwn: Bool)? {
        guard let job = plan.jobs[id] else { return nil }
        var own: [CellResult] = []
        var others: [CellResult] = []
        for branch in try store.branches(prefix: "results/") {
            guard let results = ResultBranch(name: branch.name) else { continue }
            let cell = Cell(target: results.target, compiler: job.compiler, package: job.package)
            let snapshot = try store.snapshot(branch)
            let found = try [ResultPath.cell(cell), ResultPath.input(cell, job: id)].compactMap {
                try snapshot.value(CellResult.self, at: StorePath($0))
            }.filter { $0.job == id }
            if results.deployment == plan.deployment { own += found } else { others += found }
        }
        guard !own.isEmpty || !others.isEmpty,
            let newest = (own + others).newestVerdict(except: try SupersededResults(in: store))
        else { return nil }
        return (newest, own.contains { $0.identity == newest.identity })
    }
}
