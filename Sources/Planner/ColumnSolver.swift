internal import Core
internal import OpamSolver

/// What the solver said to one request.
struct SolverAnswer: Sendable, Equatable {
    /// Nil without a solution.
    var selection: [Universe.PackageID]?
    /// The names that the answer was made from.
    var examined: [Universe.NameID]
    /// False where the solver gave up.
    var isFinal = true

    init(selection: [Universe.PackageID]?, examined: [Universe.NameID]) {
        self.selection = selection
        self.examined = examined
    }

    init(_ resolution: Resolution) {
        selection = resolution.selection
        examined = resolution.examined
        isFinal = resolution.verdict != .limit
    }
}

/// What solving said about one cell.
struct SolvedCell: Sendable {
    /// Nil where the matrix excludes the cell.
    var answer: SolverAnswer?
    /// Where there is no solution.
    var explanation: String?
    /// The request with tests, where they are asked for and the cell has a solution.
    var test: SolverAnswer?
    var testExplanation: String?
}

/// Where the answers for a deployment are kept.
struct SolutionFolder: Sendable {
    var folder: String
    var deployment: String

    func key(of cells: ColumnCells) -> Digest { cells.column.key(deployment) }
}

/// Solves the requests of columns on all processors.
struct ColumnSolver: Sendable {
    /// Requests that one thread takes at a time.
    private static let chunk = 256

    /// The answers, in the order of each column's entries.
    ///
    /// - Parameters:
    ///   - memory: Answers given before; nil to solve all, and to keep nothing.
    ///   - progress: called with the number of cells that are done.
    static func solve(
        _ columns: [ColumnCells], memory: SolutionFolder?, progress: @escaping @Sendable (Int) -> Void
    ) async throws -> [[SolvedCell]] {
        try await withThrowingTaskGroup(of: (Int, [Int], [SolvedCell]).self) { group in
            var results = columns.map { [SolvedCell](repeating: SolvedCell(), count: $0.entries.count) }
            var done = 0
            for (index, cells) in columns.enumerated() {
                let open = recall(cells, memory, into: &results[index])
                done += cells.entries.count - open.count
                for start in stride(from: 0, to: open.count, by: chunk) {
                    let positions = Array(open[start..<min(start + chunk, open.count)])
                    group.addTask {
                        try Task.checkCancellation()
                        return (index, positions, solve(cells, positions))
                    }
                }
            }
            progress(done)
            var isChanged = columns.map { _ in false }
            for try await (index, positions, solved) in group {
                for (position, solved) in zip(positions, solved) { results[index][position] = solved }
                isChanged[index] = true
                done += solved.count
                progress(done)
            }
            if let memory {
                for index in columns.indices where isChanged[index] {
                    SolutionMemory(columns[index], results[index]).keep(
                        as: memory.key(of: columns[index]), in: memory.folder)
                }
            }
            return results
        }
    }

    /// Fills in the answers that still hold; the positions of the others.
    private static func recall(_ cells: ColumnCells, _ memory: SolutionFolder?, into results: inout [SolvedCell])
        -> [Int]
    {
        guard let memory else { return Array(cells.entries.indices) }
        let recalled = SolutionMemory(of: memory.key(of: cells), in: memory.folder).recall(cells)
        for (position, solved) in recalled.enumerated() {
            if let solved { results[position] = solved }
        }
        return recalled.indices.filter { recalled[$0] == nil }
    }

    private static func solve(_ cells: ColumnCells, _ positions: [Int]) -> [SolvedCell] {
        var solver = Solver(cells.column.universe)
        return positions.map { position in solve(cells.entries[position], cells.column, &solver) }
    }

    private static func solve(_ entry: ColumnCells.Entry, _ column: Column, _ solver: inout Solver) -> SolvedCell {
        guard entry.exclusion == nil else { return SolvedCell() }
        var options = entry.options
        options.withTest = false
        let request = column.request(entry.package, isExplicit: entry.origin.isExplicit, options: options)
        let resolution = solver.solve(request)
        var solved = SolvedCell(answer: SolverAnswer(resolution))
        guard resolution.selection != nil else {
            solved.explanation = explain(resolution, request, &solver)
            return solved
        }
        if entry.options.withTest {
            let request = column.request(entry.package, isExplicit: entry.origin.isExplicit, options: entry.options)
            let resolution = solver.solve(request)
            solved.test = SolverAnswer(resolution)
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
