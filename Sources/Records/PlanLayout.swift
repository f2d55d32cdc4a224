internal import Core
public import Model
public import Store

/// The paths of the documents of a plan in its deployment's branch.
///
/// ```
/// plan.json                               repositories, targets, numbers
/// metadata.json                           maintainers, tags, addresses of all packages
/// cells/TARGET/COMPILER/ab.json           the cells of the packages whose names' digests begin with ab
/// tasks/ab/ID.json                        the tasks
/// jobs/ab/ID.json                         the jobs
/// packages/ab/DIGEST/opam, …/files/PATH   the package's files
/// ```
///
/// Only `plan.json` and the tasks contain commits, and no document contains numbers of others, so that a change of a
/// few packages changes a few documents.
public enum PlanLayout {
    /// The header of the plan.
    public static let header = TypedPath<PlanHeader>("plan.json")
    /// The metadata of all packages of the plan.
    public static let metadata: StorePath = "metadata.json"
    /// The directory of cells, by target, compiler and shard.
    public static let cells: StorePath = "cells"
    /// The directory of tasks.
    public static let tasks = ShardedDirectory<PlannedTask>("tasks")
    /// The directory of jobs, by id.
    public static let jobs = ShardedDirectory<Job>("jobs")
    /// The directory of package files, by digest.
    public static let packages: StorePath = "packages"

    /// The branch of a deployment: `refs/heads/DEPLOYMENT`.
    ///
    /// - Throws: `StoreError` if the name is not valid for a branch.
    public static func branch(_ deployment: String) throws -> Branch {
        try Branch(deployment)
    }

    /// The document with the cells of a shard.
    public static func cells(in shard: CellShard) throws -> StorePath {
        try StorePath(components: [cells.name, shard.target, shard.compiler, "\(shard.digits).json"])
    }

    /// The directory of a package's files.
    static func package(_ digest: Digest) throws -> StorePath {
        try StorePath(components: [packages.name, digest.shard, digest.hex])
    }
}
