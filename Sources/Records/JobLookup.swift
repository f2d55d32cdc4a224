package import Core
package import Model
package import Store
internal import Synchronization

/// Looks up single jobs in the current state of the store, including results that other processes have recorded.
package final class JobLookup: Sendable {
    private let store: Store
    private let plan: Plan
    /// The branches of other deployments at the time of creation.
    private let otherHeads: [String: String]
    /// Detects whether those branches have changed since.
    private let stamp = Mutex<BranchStamp?>(nil)
    /// The plan's targets by the environment of their jobs.
    private let targets: [Digest: Set<String>]

    /// - Throws: `StoreError`.
    package init(store: Store, plan: Plan) throws {
        self.store = store
        self.plan = plan
        targets = Dictionary(grouping: plan.targets, by: \.environment).mapValues { Set($0.map(\.name)) }
        otherHeads = try Self.heads(in: store, except: plan.deployment)
    }

    private static func heads(in store: Store, except deployment: String) throws -> [String: String] {
        var heads: [String: String] = [:]
        for branch in try store.branches(prefix: "results/") {
            guard let results = ResultBranch(name: branch.name), results.deployment != deployment else { continue }
            heads[branch.name] = try store.snapshot(branch).commit.map { "\($0)" } ?? ""
        }
        return heads
    }

    /// The newest verdict on a job that no retry request supersedes.
    ///
    /// - Returns: The verdict, and whether the deployment itself has recorded it; nil if there is none.
    /// - Throws: `StoreError`.
    package func verdict(onJob id: Digest) throws -> (result: CellResult, isOwn: Bool)? {
        try verdict(onJob: id, in: allBranches(), at: snapshot)
    }

    /// The verdicts that this deployment or, since the creation of this object, another one has recorded by now.
    ///
    /// - Throws: `StoreError`.
    /// - Complexity: Reads the branches of other deployments only if one of them has changed.
    package func newVerdicts() throws -> NewVerdicts {
        NewVerdicts(self, branches: try haveOthersChanged() ? allBranches() : nil)
    }

    private func allBranches() throws -> [ResultBranch] {
        try store.branches(prefix: "results/").compactMap { ResultBranch(name: $0.name) }
    }

    /// The deployment's own branches that may have a verdict on a job.
    func ownBranches(ofJob id: Digest) -> [ResultBranch] {
        let targets = plan.jobs[id].flatMap { self.targets[$0.environment] } ?? []
        return targets.map { ResultBranch(deployment: plan.deployment, target: $0) }
    }

    /// The current state of a branch.
    func snapshot(_ branch: ResultBranch) throws -> Snapshot { try store.snapshot(Branch(branch.name)) }

    private func haveOthersChanged() throws -> Bool {
        let now = store.stamp(ofBranchesIn: "results", except: plan.deployment)
        if let now, stamp.withLock({ $0 == now }) { return false }
        guard try Self.heads(in: store, except: plan.deployment) == otherHeads else { return true }
        stamp.withLock { $0 = now }
        return false
    }

    /// The newest verdict on a job of a plan that has not been written yet.
    ///
    /// - Parameters:
    ///   - package: The package that the job builds.
    ///   - compiler: The compiler as named in the job.
    /// - Throws: `StoreError`.
    package static func verdict(
        onJob id: Digest, of package: PackageVersion, compiler: String, in store: Store
    ) throws -> CellResult? {
        let found = try store.branches(prefix: "results/").compactMap { ResultBranch(name: $0.name) }.flatMap {
            branch in
            try branch.results(
                ofJob: id, as: Cell(target: branch.target, compiler: compiler, package: package),
                in: store.snapshot(Branch(branch.name)))
        }
        return found.isEmpty ? nil : found.newestVerdict(except: try SupersededResults(in: store))
    }

    func verdict(
        onJob id: Digest, in branches: [ResultBranch], at snapshot: (ResultBranch) throws -> Snapshot
    ) throws -> (result: CellResult, isOwn: Bool)? {
        guard let job = plan.jobs[id] else { return nil }
        var own: [CellResult] = []
        var others: [CellResult] = []
        for branch in branches {
            let cell = Cell(target: branch.target, compiler: job.compiler, package: job.package)
            let found = try branch.results(ofJob: id, as: cell, in: snapshot(branch))
            if branch.deployment == plan.deployment { own += found } else { others += found }
        }
        guard !own.isEmpty || !others.isEmpty,
            let newest = (own + others).newestVerdict(except: try SupersededResults(in: store))
        else { return nil }
        return (newest, own.contains { $0.identity == newest.identity })
    }
}
