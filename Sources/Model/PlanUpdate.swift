package import Core

/// The difference between a plan and the previous plan: what has to be written. Without a previous plan it is the whole
/// plan.
package struct PlanUpdate: Sendable {
    /// The cells of a shard that may differ from the previous plan.
    package struct Shard: Sendable {
        /// Identifies the shard in the plan.
        package let id: CellShard
        /// The cells, sorted. If there are none, the shard has no document.
        package let cells: [PlannedCell]
        /// The cells in the previous plan.
        package let previous: [PlannedCell]
        /// The document of `cells`; nil if the previous plan has the same.
        package let document: [UInt8]?

        /// - Parameter cells: the cells in any order.
        package init(_ id: CellShard, cells: [PlannedCell], previous: [PlannedCell]) {
            self.id = id
            self.cells = cells.sorted { $0.cell < $1.cell }
            self.previous = previous
            document =
                self.cells == previous || self.cells.isEmpty ? nil : PlannedCell.document(self.cells)
        }

        /// Whether the cells differ from those of the previous plan.
        package var isChanged: Bool { cells != previous }
    }

    /// The header of the new plan.
    package var header: PlanHeader
    /// All tasks of the plan.
    package var tasks: [PlannedTask]
    /// The shards that may differ; all others are equal to those of the previous plan.
    package var shards: [Shard]
    /// The added jobs as canonical JSON.
    package var addedJobs: [(id: Digest, document: [UInt8])]
    /// The jobs that no cell needs any more.
    package var removedJobs: [Digest]
    /// The files of packages that the previous plan does not have.
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
