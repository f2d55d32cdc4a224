package import Model

/// Which cells wait for which failure.
package struct BlockedCells: Sendable {
    private var waiting: [Cell: [Cell]] = [:]

    /// - Complexity: O(states).
    package init(among states: some Sequence<CellState>) {
        for state in states {
            guard let blocker = state.blockedBy else { continue }
            let cause = Cell(target: state.cell.target, compiler: state.cell.compiler, package: blocker)
            waiting[cause, default: []].append(state.cell)
        }
    }

    /// The cells that can be tried once `cell` is mended, in order of their names.
    package func waiting(for cell: Cell) -> [Cell] { (waiting[cell] ?? []).sorted() }
}
