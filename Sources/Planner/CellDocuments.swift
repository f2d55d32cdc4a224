internal import Core
internal import Documents

/// The documents with the cells of a column that are made anew.
struct CellDocuments: Sendable {
    private(set) var documents: [CellDocument] = []
    /// Jobs that cells made anew refer to, each as often as one does.
    private(set) var retained: [Digest] = []
    /// Jobs that the cells in their place referred to.
    private(set) var released: [Digest] = []
    /// How many cells of each kind come and go.
    private(set) var come = CellCounts()
    private(set) var gone = CellCounts()

    /// - Parameters:
    ///   - dropped: Cells that are in `base` and no more, or made anew, as `name.version`.
    ///   - revised: Cells of `base` that `revise` makes the new ones of, by the same jobs.
    ///   - base: Where the other cells of the same documents are.
    /// - Throws: `Failure` where a document of the base is none.
    init(
        target: String, compiler: String, cells: [PlannedCell], dropped: [String], revised: Set<String> = [],
        base: PlanDocuments, revise: (PlannedCell) -> PlannedCell = { $0 }
    ) throws {
        var made: [String: [PlannedCell]] = [:]
        for cell in cells { made[PlanLayout.shard(ofPackage: cell.cell.package.name), default: []].append(cell) }
        for text in dropped + revised where made[PlanLayout.shard(ofPackage: packageName(text))] == nil {
            made[PlanLayout.shard(ofPackage: packageName(text))] = []
        }
        let dropped = Set(dropped)
        for (shard, cells) in made {
            let path = try PlanLayout.cells(target: target, compiler: compiler, shard: shard)
            let document = try CellDocument(at: path, over: base) { old in
                cells
                    + old.compactMap { cell in
                        let text = cell.cell.package.description
                        return dropped.contains(text) ? nil : revised.contains(text) ? revise(cell) : cell
                    }
            }
            let out = document.old.filter { dropped.contains($0.cell.package.description) }
            released += out.flatMap(\.basis.jobs)
            gone = gone + CellCounts(out)
            retained += cells.flatMap(\.basis.jobs)
            come = come + CellCounts(cells)
            documents.append(document)
        }
    }
}

extension CellDocuments {
    /// Those of a column that is gone.
    init(dropping column: ColumnState, base: PlanDocuments) throws {
        let names = column.name.split(separator: "/").map(String.init)
        guard names.count == 2 else { throw IncrementalPlanner.UnusableBase() }
        try self.init(
            target: names[0], compiler: names[1], cells: [],
            dropped: (0..<column.packages.count).map { column.packages[$0] }, base: base)
    }
}

extension PlannedCell.Basis {
    /// The jobs that decide the cell.
    var jobs: [Digest] {
        if case .jobs(let build, let test) = self { [build] + [test].compactMap(\.self) } else { [] }
    }
}
