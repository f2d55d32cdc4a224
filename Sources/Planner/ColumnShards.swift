internal import Core
internal import Model

/// The shards of a column with changed cells.
struct ColumnShards: Sendable {
    private(set) var shards: [PlanUpdate.Shard] = []
    /// The jobs referenced by new cells, with multiplicity.
    private(set) var retained: [Digest] = []
    /// The jobs referenced by the cells that are replaced.
    private(set) var released: [Digest] = []
    /// The numbers of added and removed cells of each kind.
    private(set) var added = CellCounts()
    private(set) var removed = CellCounts()

    /// - Parameters:
    ///   - dropped: Cells of the previous plan that are removed or solved again, as `name.version`.
    ///   - revised: Cells of the previous plan that `revise` updates without changing their jobs.
    ///   - previous: The plan with the other cells of the same shards; nil if there is none.
    /// - Throws: `Failure` if the previous plan cannot be read.
    init(
        target: String, compiler: String, cells: [PlannedCell], dropped: [String], revised: Set<String> = [],
        previous: PreviousPlan?, revise: (PlannedCell) -> PlannedCell = { $0 }
    ) throws {
        var made: [String: [PlannedCell]] = [:]
        for cell in cells { made[CellShard.digits(ofPackage: cell.cell.package.name), default: []].append(cell) }
        for text in dropped + revised {
            let digits = CellShard.digits(ofPackage: packageName(text))
            if made[digits] == nil { made[digits] = [] }
        }
        let dropped = Set(dropped)
        for (digits, cells) in made {
            let shard = CellShard(target: target, compiler: compiler, digits: digits)
            let old = try previous?.cells(shard) ?? []
            let kept = old.compactMap { cell -> PlannedCell? in
                let text = cell.cell.package.description
                return dropped.contains(text) ? nil : revised.contains(text) ? revise(cell) : cell
            }
            let removed = old.filter { dropped.contains($0.cell.package.description) }
            released += removed.flatMap(\.basis.jobs)
            self.removed = self.removed + CellCounts(removed)
            retained += cells.flatMap(\.basis.jobs)
            added = added + CellCounts(cells)
            shards.append(PlanUpdate.Shard(shard, cells: cells + kept, previous: old))
        }
    }
}

extension ColumnShards {
    /// The shards of a column that does not exist in the new plan.
    init(dropping column: ColumnState, previous: PreviousPlan?) throws {
        let names = column.name.split(separator: "/").map(String.init)
        guard names.count == 2 else { throw IncrementalPlanner.UnusableBase() }
        try self.init(
            target: names[0], compiler: names[1], cells: [],
            dropped: (0..<column.packages.count).map { column.packages[$0] }, previous: previous)
    }
}

extension PlannedCell.Basis {
    /// The jobs that decide the cell.
    var jobs: [Digest] {
        if case .jobs(let build, let test) = self { [build] + [test].compactMap(\.self) } else { [] }
    }
}
