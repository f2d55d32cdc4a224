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
            let document = try CellDocument(at: path, over: base) { old in
                cells + old.filter { !dropped.contains($0.cell.package.description) }
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

extension PlannedCell.Basis {
    /// The jobs that decide the cell.
    var jobs: [Digest] {
        if case .jobs(let build, let test) = self { [build] + [test].compactMap(\.self) } else { [] }
    }
}
