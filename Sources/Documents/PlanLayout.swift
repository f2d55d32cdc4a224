public import Core
public import Store

/// Where the parts of a plan lie in its deployment's branch.
///
/// ```
/// plan.json                               repositories, targets, numbers
/// cells/TARGET/COMPILER/ab.json           the cells of the packages whose names' digests begin so
/// tasks/ab/ID.json                        what was asked
/// jobs/ab/ID.json                         what is to be built
/// packages/ab/DIGEST/opam, …/files/PATH   what it is built from
/// ```
public enum PlanLayout {
    public static let header = TypedPath<PlanHeader>("plan.json")
    public static let cells: StorePath = "cells"
    public static let tasks = ShardedDirectory<PlannedTask>("tasks")
    public static let jobs = ShardedDirectory<Job>("jobs")
    public static let packages: StorePath = "packages"

    /// The branch of a deployment: `refs/heads/DEPLOYMENT`.
    ///
    /// - Throws: `StoreError` where it cannot be the name of a branch.
    public static func branch(_ deployment: String) throws -> Branch {
        try Branch(deployment)
    }

    /// The document that holds a cell, with others of its target and compiler.
    static func cells(of cell: Cell) throws -> StorePath {
        try StorePath(components: [
            cells.name, cell.target, cell.compiler, "\(Digest(of: cell.package.name).shard).json",
        ])
    }

    /// The directory of a package's files.
    static func package(_ digest: Digest) throws -> StorePath {
        try StorePath(components: [packages.name, digest.shard, digest.hex])
    }
}

/// The parts of a plan that are no lists of thousands.
public struct PlanHeader: Codable, Hashable, Sendable {
    public var deployment: String
    public var repositories: [Plan.Repository]
    public var targets: [Plan.Target]
    public var cells: Int
    public var jobs: Int
    /// Of everything that the plan is a function of, where that was known: equal inputs need no new plan.
    public var inputs: Digest?

    init(_ plan: Plan, inputs: Digest?) {
        self.inputs = inputs
        deployment = plan.deployment
        repositories = plan.repositories
        targets = plan.targets
        cells = plan.cells.count
        jobs = plan.jobs.count
    }
}

/// A plan without what its jobs are made of: enough to tell what it comes to and how it differs from another.
public struct PlanOutline: Hashable, Sendable {
    public var deployment: String
    public var repositories: [Plan.Repository]
    /// In order of their names.
    public var cells: [PlannedCell]
    public var jobs: Set<Digest>

    public init(_ plan: Plan) {
        deployment = plan.deployment
        repositories = plan.repositories
        cells = plan.cells
        jobs = Set(plan.jobs.keys)
    }

    init(_ header: PlanHeader, cells: [PlannedCell], jobs: Set<Digest>) {
        deployment = header.deployment
        repositories = header.repositories
        self.cells = cells
        self.jobs = jobs
    }
}
