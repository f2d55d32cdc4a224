internal import Model

/// The cells of a gate's base, by the current cells that they are compared with.
struct GateBase {
    private var cells: [Cell: ComparedCell]

    /// - Parameters:
    ///   - base: The cells of the base.
    ///   - present: The planned cells. If one version of a package was replaced by another, these are compared.
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

    /// The state of a cell in the base, in this version of the package or the one it replaced; nil if the base has
    /// neither.
    subscript(cell: Cell) -> ComparedCell? { cells[cell] }
}
