package import Model

/// A planned cell with the data shown in lists and grids.
///
/// A class, because lists, grids and pages share the many texts of a state.
package final class ListedCell: Sendable {
    /// The state of the cell.
    package let state: CellState
    /// The state compared with the previous one.
    package let standing: Standing
    /// The run since which outcome and signature have been the same; nil if unknown.
    package let sinceRun: Int?
    /// The time since which they have been the same, in seconds since 1970; nil if nothing is recorded.
    package let since: Int?

    init(_ state: CellState, _ standing: Standing, sinceRun: Int?, since: Int?) {
        (self.state, self.standing, self.sinceRun, self.since) = (state, standing, sinceRun, since)
    }
}

extension Sequence<ListedCell> {
    /// How many cells there are of each standing.
    package var standings: [Standing: Int] { reduce(into: [:]) { $0[$1.standing, default: 0] += 1 } }
}

extension DeploymentResults {
    /// The planned cells that match the selectors, sorted by name.
    ///
    /// - Parameter selectors: The selectors; all cells if empty.
    /// - Throws: `StoreError`.
    /// - Complexity: O(cells).
    package func listedCells(picked selectors: [Selector] = []) throws -> [ListedCell] {
        let contents = index.contents
        let positions = try positions(picked: selectors)
        let run = positions.reduce(UInt32(0)) { max($0, contents.cells[$1].record?.run ?? 0) }
        return try positions.compactMap { position in
            guard let planned = contents.planned(at: position) else { return nil }
            let cell = contents.cells[position]
            let verdict = cell.verdict
            return ListedCell(
                try state(of: planned), Standing(at: position, in: contents, run: run),
                sinceRun: verdict.flatMap { $0.sinceRun == 0 ? nil : Int($0.sinceRun) },
                since: verdict.flatMap { $0.sinceTime == 0 ? nil : Int($0.sinceTime) })
        }
    }
}
