internal import Core
package import Model
internal import Planner
package import Records
internal import Store
internal import System

/// The difference between two plans.
package struct PlanDifference: Codable, Sendable, Equatable {
    /// A package whose version differs.
    package struct VersionChange: Codable, Sendable, Hashable {
        /// The cell of the earlier plan.
        package var from: Cell
        /// The cell of the later plan.
        package var to: Cell
    }

    /// Cells that only the later plan has.
    package var new: [Cell] = []
    /// Cells that only the earlier plan has.
    package var gone: [Cell] = []
    /// Cells whose package changed its version and nothing else.
    package var versionChanged: [VersionChange] = []
    /// Cells that had no solution before and have one now.
    package var becameSolvable: [Cell] = []
    /// Cells that had a solution before and have none now.
    package var becameUnsolvable: [Cell] = []
    /// Cells that are decided by other jobs than before.
    package var rebuilt: [Cell] = []
    /// The number of cells that both plans decide by the same jobs.
    package var unchanged = 0
    /// The number of jobs of both plans.
    package var sharedJobs = 0
    /// The number of jobs that only the later plan has.
    package var newJobs = 0
    /// The number of jobs that only the earlier plan has.
    package var goneJobs = 0

    /// - Parameters:
    ///   - old: The earlier plan; without a header if there was none, so that everything is new.
    ///   - header: The header of the new plan.
    /// - Complexity: Reads the documents with cells that differ, on all processors.
    /// - Throws: `Failure` if a document of the old plan is invalid.
    package init(from old: PlanDocuments, to new: PlanDocuments, _ header: PlanHeader) async throws {
        unchanged = header.cells
        let differences = try new.differences(from: old)
        for difference in differences where difference.path.isInside(PlanLayout.jobs.path) {
            if difference.isInNew { newJobs += 1 } else { goneJobs += 1 }
        }
        let paths = differences.map(\.path).filter { $0.isInside(PlanLayout.cells) }
        for part in try await parallelMap(paths, { try Self(from: old, to: new, at: $1) }) { add(part) }
        sharedJobs = header.jobs - newJobs
        unchanged -= self.new.count + becameSolvable.count + becameUnsolvable.count + rebuilt.count
        self.new.sort()
        gone.sort()
        pairVersions()
        becameSolvable.sort()
        becameUnsolvable.sort()
        rebuilt.sort()
    }

    /// The difference of one document with cells.
    private init(from old: PlanDocuments, to new: PlanDocuments, at path: StorePath) throws {
        compare(try old.cells(at: path), try new.cells(at: path))
    }

    private mutating func add(_ part: Self) {
        new += part.new
        gone += part.gone
        becameSolvable += part.becameSolvable
        becameUnsolvable += part.becameUnsolvable
        rebuilt += part.rebuilt
    }

    private mutating func compare(_ old: [PlannedCell], _ new: [PlannedCell]) {
        var before = Dictionary(old.map { ($0.cell, $0) }, uniquingKeysWith: { first, _ in first })
        for cell in new {
            if let earlier = before.removeValue(forKey: cell.cell) {
                compare(earlier, cell)
            } else {
                self.new.append(cell.cell)
            }
        }
        gone += before.keys
    }

    private mutating func compare(_ old: PlannedCell, _ new: PlannedCell) {
        switch (old.basis, new.basis) {
        case (.unsolvable, .jobs): becameSolvable.append(new.cell)
        case (.jobs, .unsolvable): becameUnsolvable.append(new.cell)
        case (.jobs, .jobs) where old.basis != new.basis: rebuilt.append(new.cell)
        default: break
        }
    }

    /// Pairs a removed and an added version of a package in a column as a change of version.
    private mutating func pairVersions() {
        let come = Dictionary(grouping: new, by: \.position)
        let went = Dictionary(grouping: gone, by: \.position)
        var paired: Set<Cell> = []
        for cell in new {
            let position = cell.position
            guard come[position]?.count == 1, let old = went[position], old.count == 1 else { continue }
            versionChanged.append(VersionChange(from: old[0], to: cell))
            paired.formUnion([cell, old[0]])
        }
        new.removeAll(where: paired.contains)
        gone.removeAll(where: paired.contains)
    }

    /// Whether the plans agree on every cell.
    package var isEmpty: Bool {
        new.isEmpty && gone.isEmpty && versionChanged.isEmpty && becameSolvable.isEmpty && becameUnsolvable.isEmpty
            && rebuilt.isEmpty
    }
}
