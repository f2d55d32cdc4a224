internal import OpamSolver

/// What solving said about one cell.
struct SolvedCell: Sendable {
    /// Nil where the matrix excludes the cell.
    var resolution: Resolution?
    /// Where there is no solution.
    var explanation: String?
    /// The request with tests, where they are asked for and the cell has a solution.
    var test: Resolution?
    var testExplanation: String?
}

/// Solves the requests of columns on all processors.
struct ColumnSolver: Sendable {
    /// Requests that one thread takes at a time.
    private static let chunk = 256

    /// The answers, in the order of each column's entries.
    ///
    /// - Parameter progress: called with the number of cells that are done.
    static func solve(_ columns: [ColumnCells], progress: @escaping @Sendable (Int) -> Void) async throws
        -> [[SolvedCell]]
    {
        try await withThrowingTaskGroup(of: (Int, Int, [SolvedCell]).self) { group in
            var results = columns.map { [SolvedCell](repeating: SolvedCell(), count: $0.entries.count) }
            for (index, cells) in columns.enumerated() {
                for start in stride(from: 0, to: cells.entries.count, by: chunk) {
                    let range = start..<min(start + chunk, cells.entries.count)
                    group.addTask {
                        try Task.checkCancellation()
                        return (index, start, solve(cells, range))
                    }
                }
            }
            var done = 0
            for try await (index, start, solved) in group {
                done += solved.count
                progress(done)
                results[index].replaceSubrange(start..<start + solved.count, with: solved)
            }
            return results
        }
    }

    private static func solve(_ cells: ColumnCells, _ range: Range<Int>) -> [SolvedCell] {
        var solver = Solver(cells.column.universe)
        return range.map { position in solve(cells.entries[position], cells.column, &solver) }
    }

    private static func solve(_ entry: ColumnCells.Entry, _ column: Column, _ solver: inout Solver) -> SolvedCell {
        guard entry.exclusion == nil else { return SolvedCell() }
        var options = entry.options
        options.withTest = false
        let request = column.request(entry.package, isExplicit: entry.origin.isExplicit, options: options)
        let resolution = solver.solve(request)
        var solved = SolvedCell(resolution: resolution)
        guard resolution.selection != nil else {
            solved.explanation = explain(resolution, request, &solver)
            return solved
        }
        if entry.options.withTest {
            let request = column.request(entry.package, isExplicit: entry.origin.isExplicit, options: entry.options)
            let resolution = solver.solve(request)
            solved.test = resolution
            if resolution.selection == nil { solved.testExplanation = explain(resolution, request, &solver) }
        }
        return solved
    }

    private static func explain(_ resolution: Resolution, _ request: Request, _ solver: inout Solver) -> String {
        if resolution.verdict == .limit {
            return "the solver gave up after \(resolution.effort) steps"
        }
        return solver.explain(request)?.description ?? "no set of package versions satisfies the request"
    }
}
