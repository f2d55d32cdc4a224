internal import Core
package import Documents

/// What changes from one plan to another.
package struct PlanDifference: Codable, Sendable, Equatable {
    /// A package whose version is another one now.
    package struct VersionChange: Codable, Sendable, Hashable {
        package var from: Cell
        package var to: Cell
    }

    package var new: [Cell] = []
    package var gone: [Cell] = []
    package var versionChanged: [VersionChange] = []
    package var becameSolvable: [Cell] = []
    package var becameUnsolvable: [Cell] = []
    /// Cells that are decided by other jobs than before.
    package var rebuilt: [Cell] = []
    package var unchanged = 0
    /// Jobs of both plans.
    package var sharedJobs = 0
    package var newJobs = 0
    package var goneJobs = 0

    /// - Parameter old: Nil where there was no plan: all is new.
    package init(from old: PlanOutline?, to new: PlanOutline) {
        let before = Dictionary((old?.cells ?? []).map { ($0.cell, $0) }, uniquingKeysWith: { first, _ in first })
        let after = Dictionary(new.cells.map { ($0.cell, $0) }, uniquingKeysWith: { first, _ in first })
        for cell in new.cells {
            guard let earlier = before[cell.cell] else {
                self.new.append(cell.cell)
                continue
            }
            compare(earlier, cell)
        }
        gone = (old?.cells ?? []).map(\.cell).filter { after[$0] == nil }
        pairVersions()
        sharedJobs = old?.jobs.intersection(new.jobs).count ?? 0
        newJobs = new.jobs.count - sharedJobs
        goneJobs = (old?.jobs.count ?? 0) - sharedJobs
    }

    private mutating func compare(_ old: PlannedCell, _ new: PlannedCell) {
        switch (old.basis, new.basis) {
        case (.unsolvable, .jobs): becameSolvable.append(new.cell)
        case (.jobs, .unsolvable): becameUnsolvable.append(new.cell)
        case (.jobs, .jobs) where old.basis != new.basis: rebuilt.append(new.cell)
        default: unchanged += 1
        }
    }

    /// One version gone and one come of a package in a column is a change of version.
    private mutating func pairVersions() {
        struct Place: Hashable {
            var target: String
            var compiler: String
            var name: String

            init(_ cell: Cell) {
                target = cell.target
                compiler = cell.compiler
                name = cell.package.name
            }
        }
        let come = Dictionary(grouping: new, by: Place.init)
        let went = Dictionary(grouping: gone, by: Place.init)
        var paired: Set<Cell> = []
        for cell in new {
            let place = Place(cell)
            guard come[place]?.count == 1, let old = went[place], old.count == 1 else { continue }
            versionChanged.append(VersionChange(from: old[0], to: cell))
            paired.formUnion([cell, old[0]])
        }
        new.removeAll(where: paired.contains)
        gone.removeAll(where: paired.contains)
    }

    /// Whether the plans say the same of every cell.
    package var isEmpty: Bool {
        new.isEmpty && gone.isEmpty && versionChanged.isEmpty && becameSolvable.isEmpty && becameUnsolvable.isEmpty
            && rebuilt.isEmpty
    }
}
