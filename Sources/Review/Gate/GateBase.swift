internal import Model

/// The cells that a gate compares with, by the cells that are there now.
struct GateBase {
    private var cells: [Cell: ComparedCell]

    /// - Parameters:
    ///   - base: the cells of the base.
    ///   - present: the cells of the plan. Where one version of a package came and one went, they are compared.
    init(_ base: [ComparedCell], present: some Sequence<Cell>) {
        cells = Dictionary(base.map { ($0.cell, $0) }, uniquingKeysWith: { first, _ in first })
        var (came, known): ([Cell.Position: [Cell]], Set<Cell>) = ([:], [])
        for cell in present {
            if cells[cell] == nil { came[cell.position, default: []].append(cell) } else { known.insert(cell) }
        }
        let went = Dictionary(grouping: base.filter { !known.contains($0.cell) }, by: \.cell.position)
        for (position, cells) in came where cells.count == 1 {
            if let earlier = went[position], earlier.count == 1 { self.cells[cells[0]] = earlier[0] }
        }
    }

    /// What the base has of a cell, in this version of the package or the one before; nil where it has nothing.
    subscript(cell: Cell) -> ComparedCell? { cells[cell] }
}
