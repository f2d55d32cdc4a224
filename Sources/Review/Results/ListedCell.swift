package import Model

/// A planned cell with what lists and grids show of it.
package struct ListedCell: Sendable {
    /// What is known of the cell.
    package var state: CellState
    /// How it compares with before.
    package var standing: Standing
    /// The run since which outcome and signature are the same; nil where that is unknown.
    package var sinceRun: Int?
    /// Seconds since 1970, when that began; nil where nothing is recorded.
    package var since: Int?
}

extension DeploymentResults {
    /// The planned cells that the selectors pick, in order of their names.
    ///
    /// - Parameter selectors: None picks all cells.
    /// - Throws: `StoreError`.
    /// - Complexity: O(cells).
    package func listedCells(picked selectors: [Selector] = []) throws -> [ListedCell] {
        let contents = index.contents
        let places = try places(picked: selectors)
        let run = places.reduce(UInt32(0)) { max($0, contents.cells[$1].record?.run ?? 0) }
        return try places.compactMap { place in
            guard let planned = contents.planned(at: place) else { return nil }
            let cell = contents.cells[place]
            var listed = ListedCell(state: try state(of: planned), standing: Standing(cell, run: run))
            if let verdict = cell.verdict {
                listed.sinceRun = verdict.sinceRun == 0 ? nil : Int(verdict.sinceRun)
                listed.since = verdict.sinceTime == 0 ? nil : Int(verdict.sinceTime)
            }
            return listed
        }
    }
}
