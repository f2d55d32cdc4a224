internal import Core
internal import Documents
internal import Store

/// The documents with the cells of a column that are made anew.
struct CellDocuments: Sendable {
    struct Document: Sendable {
        var path: StorePath
        var cells: [PlannedCell]
    }

    private(set) var documents: [Document] = []
    /// Jobs that cells made anew refer to, each as often as one does.
    private(set) var retained: [Digest] = []
    /// Jobs that the cells in their place referred to.
    private(set) var released: [Digest] = []
    /// How many cells of each kind come and go.
    private(set) var come = CellCounts()
    private(set) var gone = CellCounts()

    /// - Parameters:
    ///   - dropped: Cells that are in `base` and no more, or made anew, as `name.version`.
    ///   - base: Where the other cells of the same documents are.
    /// - Throws: `Failure` where a document of the base is none.
    init(target: String, compiler: String, cells: [PlannedCell], dropped: [String], base: PlanDocuments) throws {
        var made: [String: [PlannedCell]] = [:]
        for cell in cells { made[PlanLayout.shard(ofPackage: cell.cell.package.name), default: []].append(cell) }
        for text in dropped where made[PlanLayout.shard(ofPackage: packageName(text))] == nil {
            made[PlanLayout.shard(ofPackage: packageName(text))] = []
        }
        let dropped = Set(dropped)
        for (shard, cells) in made {
            let path = try PlanLayout.cells(target: target, compiler: compiler, shard: shard)
            var all = cells
            for old in try base.cells(at: path) {
                if dropped.contains(old.cell.package.description) {
                    released += old.basis.jobs
                    gone = gone + CellCounts([old])
                } else {
                    all.append(old)
                }
            }
            retained += cells.flatMap(\.basis.jobs)
            come = come + CellCounts(cells)
            documents.append(Document(path: path, cells: all.sorted { $0.cell < $1.cell }))
        }
    }
}

extension PlannedCell.Basis {
    /// The jobs that decide the cell.
    var jobs: [Digest] {
        if case .jobs(let build, let test) = self { [build] + [test].compactMap(\.self) } else { [] }
    }
}
