internal import Core
public import Model
public import Store

/// The paths of the documents of a plan in its deployment's branch.
///
/// ```
/// plan.json                               repositories, targets, numbers
/// metadata.json                           maintainers, tags, addresses of all packages
/// cells/TARGET/COMPILER/ab.json           the cells of the packages whose names' digests begin so
/// tasks/ab/ID.json                        what was asked
/// jobs/ab/ID.json                         what is to be built
/// packages/ab/DIGEST/opam, …/files/PATH   what it is built from
/// ```
///
/// Only `plan.json` and the tasks name commits, and no document counts what is in others, so that a change of a few
/// packages changes a few documents.
public enum PlanLayout {
    /// The head of the plan.
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
    /// - Throws: `StoreError` if it cannot be the name of a branch.
    public static func branch(_ deployment: String) throws -> Branch {
        try Branch(deployment)
    }

    /// The document that holds the cells of a shard.
    public static func cells(in shard: CellShard) throws -> StorePath {
        try StorePath(components: [cells.name, shard.target, shard.compiler, "\(shard.digits).json"])
    }

    /// The directory of a package's files.
    static func package(_ digest: Digest) throws -> StorePath {
        try StorePath(components: [packages.name, digest.shard, digest.hex])
    }
}
