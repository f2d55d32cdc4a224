internal import Core
internal import Model
internal import OpamSolver
internal import Synchronization
internal import System

/// The solver's answer to a request.
struct SolverAnswer: Sendable, Equatable {
    /// The selected versions; nil if there is no solution.
    var selection: [Universe.PackageID]?
    /// The names from which the answer was derived.
    var examined: [Universe.NameID]
    /// False if the solver gave up.
    var isFinal = true

    init(selection: [Universe.PackageID]?, examined: [Universe.NameID]) {
        self.selection = selection
        self.examined = examined
    }

    init(_ resolution: Resolution) {
        selection = resolution.selection
        examined = resolution.examined
        isFinal = resolution.status != .limit
    }
}

/// The result of solving a cell.
struct SolvedCell: Sendable {
    /// The answer; nil if the matrix excludes the cell.
    var answer: SolverAnswer?
    /// The explanation, if there is no solution.
    var explanation: String?
    /// The constraint that makes the cell unsolvable; nil if unknown.
    var cause: UnsolvableCause?
    /// The answer to the request with tests, if they are requested and the cell has a solution.
    var test: SolverAnswer?
    var testExplanation: String?
    /// The names from which the explanations were derived.
    var explained: Set<Universe.NameID> = []
}

/// Solves the requests of columns on all processors.
///
/// - SeeAlso: `docs/decisions/0041-one-request-per-cell.md`
struct ColumnSolver: Sendable {
    /// The number of requests that a thread takes at a time.
    private static let chunk = 256

    /// The answers, in the order of each column's entries.
    ///
    /// - Parameter progress: called with the number of completed cells, from any thread.
    static func solve(
        _ columns: [ColumnCells], progress: @escaping @Sendable (Int) -> Void
    ) async throws -> [[SolvedCell]] {
        // Progress is reported by the solving threads: they occupy all processors, so a waiting thread would run last.
        let done = Mutex(0)
        let count: @Sendable (Int) -> Void = { cells in
            let now = done.withLock { done in
                done += cells
                return done
            }
            progress(now)
        }
        count(0)
        let parts = columns.enumerated().flatMap { index, cells in
            cells.entries.indices.chunks(ofCount: chunk).map { (index: index, positions: $0) }
        }
        let solved = try await parallelMap(parts) { _, part in
            let solved = solve(columns[part.index], part.positions)
            count(solved.count)
            return solved
        }
        var results = columns.map { [SolvedCell](repeating: SolvedCell(), count: $0.entries.count) }
        for (part, cells) in zip(parts, solved) { results[part.index].replaceSubrange(part.positions, with: cells) }
        return results
    }

    private static func solve(_ cells: ColumnCells, _ positions: Range<Int>) -> [SolvedCell] {
        var solver = Solver(cells.column.universe)
        return positions.map { position in solve(cells.entries[position], cells.column, &solver) }
    }

    private static func solve(_ entry: ColumnCells.Entry, _ column: Column, _ solver: inout Solver) -> SolvedCell {
        guard entry.exclusion == nil else { return SolvedCell() }
        if let reason = column.unusable[column.universe.universe.text(of: entry.package)] {
            let universe = column.universe.universe
            let name = universe.nameID(of: entry.package)
            let sentence = "the files of \(universe.text(of: entry.package)) cannot be used"
            return SolvedCell(
                answer: SolverAnswer(selection: nil, examined: [name]),
                explanation: "the files of the package cannot be used: \(reason)",
                cause: UnsolvableCause(.own, package: universe.name(name), sentence: sentence))
        }
        if let obstacle = unikernelObstacle(of: entry, column) { return obstacle }
        var options = entry.options
        options.withTest = false
        let request = column.request(entry.package, isExplicit: entry.origin.isExplicit, options: options)
        let resolution = solver.solve(request)
        var solved = SolvedCell(answer: SolverAnswer(resolution))
        guard resolution.selection != nil else {
            let explained = explain(resolution, request, &solver, &solved.explained)
            solved.explanation = explained.text
            let universe = column.universe.universe
            solved.cause = explained.explanation.flatMap {
                UnsolvableCause(
                    $0, of: universe.name(universe.nameID(of: entry.package)),
                    version: universe.version(of: entry.package))
            }
            return solved
        }
        if entry.options.withTest {
            let request = column.request(entry.package, isExplicit: entry.origin.isExplicit, options: entry.options)
            let resolution = solver.solve(request)
            solved.test = SolverAnswer(resolution)
            if resolution.selection == nil {
                solved.testExplanation = explain(resolution, request, &solver, &solved.explained).text
            }
        }
        return solved
    }

    /// The result for a unikernel that cannot be locked, without solving anything; nil for other packages.
    private static func unikernelObstacle(of entry: ColumnCells.Entry, _ column: Column) -> SolvedCell? {
        guard let planned = column.unikernel(entry.package), case .unlockable(let reason, let cause) = planned.stage
        else { return nil }
        let sentence = reason.split(separator: "\n").first.map(String.init) ?? reason
        return SolvedCell(
            answer: SolverAnswer(selection: nil, examined: [column.universe.universe.nameID(of: entry.package)]),
            explanation: "the unikernel cannot be locked: \(reason)",
            cause: cause ?? UnsolvableCause(.own, package: planned.unikernel.package.name, sentence: sentence))
    }

    /// Explains why there is no solution, and adds the names that the explanation is derived from to `examined`.
    private static func explain(
        _ resolution: Resolution, _ request: Request, _ solver: inout Solver, _ examined: inout Set<Universe.NameID>
    ) -> (text: String, explanation: Explanation?) {
        if resolution.status == .limit {
            return ("the solver gave up after \(resolution.steps) steps", nil)
        }
        guard let explanation = solver.explain(request) else {
            return ("no set of package versions satisfies the request", nil)
        }
        examined.formUnion(explanation.examined)
        return (explanation.description, explanation)
    }
}

extension UnsolvableCause {
    /// The constraint that an explanation reduces to, for a requested package version.
    init?(_ explanation: Explanation, of name: String, version: String) {
        guard let cause = explanation.cause(of: name, version: version) else { return nil }
        let kind: Class =
            switch cause.kind {
            case .compiler: .ownOCaml
            case .own: .own
            case .dependency: .dependency
            case .conflict: .conflict
            }
        self.init(kind, package: cause.package ?? name, sentence: cause.sentence)
    }
}
