package import Core

/// The difference between a plan and the one that it was made from: what has to be written to have the new plan. Without
/// an earlier plan it is the whole plan.
package struct PlanUpdate: Sendable {
    /// The cells of a shard that may differ.
    package struct Shard: Sendable {
        /// The shard of the plan.
        package let place: CellShard
        /// In their order; without any there is no document.
        package let cells: [PlannedCell]
        /// Those of the earlier plan.
        package let previous: [PlannedCell]
        /// The document of `cells`; nil if the earlier plan has it.
        package let document: [UInt8]?

        /// - Parameter cells: In any order.
        package init(_ place: CellShard, cells: [PlannedCell], previous: [PlannedCell]) {
            self.place = place
            self.cells = cells.sorted { $0.cell < $1.cell }
            self.previous = previous
            document =
                self.cells == previous || self.cells.isEmpty ? nil : PlannedCell.document(self.cells)
        }

        /// Whether the cells differ from those of the earlier plan.
        package var isChanged: Bool { cells != previous }
    }

    /// The header of the new plan.
    package var header: PlanHeader
    /// All tasks of the plan.
    package var tasks: [PlannedTask]
    /// The shards that may differ; all others are as in the earlier plan.
    package var shards: [Shard]
    /// By canonical JSON.
    package var addedJobs: [(id: Digest, document: [UInt8])]
    /// Jobs that no cell needs any more.
    package var removedJobs: [Digest]
    /// The files of packages that the earlier plan does not have.
    package var addedPackages: [(digest: Digest, files: PackageFiles)]
    /// The digests of package files that no job refers to any more.
    package var removedPackages: [Digest]
    /// The document with the metadata of all packages of the plan; nil for none.
    package var metadata: [UInt8]?

    package init(
        header: PlanHeader, tasks: [PlannedTask], shards: [Shard], addedJobs: [(id: Digest, document: [UInt8])],
        removedJobs: [Digest], addedPackages: [(digest: Digest, files: PackageFiles)], removedPackages: [Digest],
        metadata: [UInt8]? = nil
    ) {
        self.header = header
        self.tasks = tasks
        self.shards = shards
        self.addedJobs = addedJobs
        self.removedJobs = removedJobs
        self.addedPackages = addedPackages
        self.removedPackages = removedPackages
        self.metadata = metadata
    }
}
