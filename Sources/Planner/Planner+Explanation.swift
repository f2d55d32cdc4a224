package import Core
internal import Matrix
internal import Model
internal import OpamFormat
internal import OpamSolver
internal import YAML

extension Planner {
    /// Explains why a cell is planned with its version, and what determined the versions of its dependencies. The cell
    /// is solved as for a plan, so that the explanation applies to the plan.
    ///
    /// - Parameter text: `TARGET/COMPILER/PACKAGE.VERSION`, where the version, or the target and the compiler, may be
    ///   omitted, or a selector that matches one cell.
    /// - Throws: `Failure` if the matrix does not match the repositories, or has no such cell or several.
    package func explanation(of text: String) async throws -> String {
        guard let selector = Selector(text), case .cells = selector else {
            throw Failure(.input, "'\(text)' names no cell", hint: Self.cellHint)
        }
        let (columns, mistakes) = try selectedCells()
        guard mistakes.isEmpty else { throw Failure(.input, mistakes) }
        let picked = columns.flatMap { column in
            column.entries.filter { selector.picks(name: column.cell(of: $0)) }.map { (column, $0) }
        }
        guard let (column, entry) = picked.first else {
            throw nothing(pickedBy: text, among: columns)
        }
        guard picked.count == 1 else {
            let names = picked.prefix(5).map { $0.0.cell(of: $0.1).description }.joined(separator: ", ")
            throw Failure(
                .input, "'\(text)' picks \(picked.count) cells: \(names)\(picked.count > 5 ? ", …" : "")",
                hint: "name one of them")
        }
        return try await explanation(of: ColumnCells(column: column.column, entries: [entry]))
    }

    private static let cellHint =
        "a cell is named TARGET/COMPILER/PACKAGE.VERSION; `ci plan --format csv` lists them"

    private func nothing(pickedBy name: String, among columns: [ColumnCells]) -> Failure {
        let typed = String(name.split(separator: "/").last ?? "").prefix { $0 != "." }
        let packages = Set(columns.flatMap { column in column.entries.map { column.cell(of: $0).package.name } })
        let near = nearest(to: String(typed), in: packages.sorted())
        return Failure(
            .input, "the matrix has no cell '\(name)'", at: inputs.matrix.deployment.location,
            hint: near.flatMap { $0 == typed ? nil : "did you mean '\($0)'?" } ?? Self.cellHint)
    }

    private func explanation(of open: ColumnCells) async throws -> String {
        let solved = try await ColumnSolver.solve([open]) { _ in }[0]
        let plan = try await ColumnPlan(
            open, solved, rules: CellRules(matrix: inputs.matrix, today: inputs.today),
            packages: ParsedPackages(open.column.source, inputs.unpinned)
        ) { _ in }
        guard let planned = plan.cells.first else { throw Failure(.unavailable, "the cell was not made") }
        var explainer = CellExplainer(column: open.column, entry: open.entries[0])
        return "\(planned.cell)\n\n" + explainer.text(planned, solved[0], matrix: inputs.matrix)
    }

    /// All errors in the matrix that can only be found with the repositories.
    ///
    /// - Throws: `Failure` if a repository cannot be read.
    package var mistakes: [Diagnostic] {
        get throws { try selectedCells().mistakes }
    }

    /// The unsolved cells of all columns, and all errors in the matrix that can only be found with the repositories.
    /// Columns with an unknown target or repository are skipped.
    func selectedCells() throws -> (columns: [ColumnCells], mistakes: [Diagnostic]) {
        let selection = CellSelection(matrix: inputs.matrix, limit: cellLimit)
        let indices = Dictionary(
            uniqueKeysWithValues: inputs.stacks.map { ($0.positions, PackageIndexCache($0.source)) })
        var columns: [ColumnCells] = []
        var mistakes = RepositoryChecks(inputs).mistakes
        for pair in PlanInputs.pairs(of: inputs.matrix) {
            let positions = PlanInputs.stack(of: inputs.matrix, target: pair.target, compiler: pair.compiler)
            guard let index = indices[positions], let column = try? column(pair) else { continue }
            let (cells, found) = try selection.cells(of: column, index: index)
            columns.append(cells)
            mistakes += found.filter { !mistakes.contains($0) }
        }
        return (columns, mistakes)
    }
}

extension ColumnCells {
    func cell(of entry: Entry) -> Cell {
        Cell(
            target: column.target.name.value, compiler: column.compiler.name.value,
            package: column.universe.universe.packageVersion(entry.package))
    }
}

/// Composes the output of `ci plan --explain` for a cell.
private struct CellExplainer {
    let column: Column
    let entry: ColumnCells.Entry
    var solver: Solver
    private var universe: Universe { column.universe.universe }

    init(column: Column, entry: ColumnCells.Entry) {
        self.column = column
        self.entry = entry
        solver = Solver(column.universe)
    }

    /// - Parameters:
    ///   - planned: The cell in the plan.
    ///   - solved: The answer from which the cell was derived.
    mutating func text(_ planned: PlannedCell, _ solved: SolvedCell, matrix: MatrixFile) -> String {
        var text = "requested by \(entry.origin.location)"
        if let line = matrix.sources.diagnostic(.note, "", at: entry.origin.location).excerpt {
            text += ": \(line.drop { $0 == " " })"
        }
        if let reason = entry.origin.reason { text += " (\(reason))" }
        text += "\n" + version
        switch planned.basis {
        case .excluded(let reason): return text + "excluded by the matrix: \(reason)\n"
        case .unsolvable(let explanation): return text + solvedFor + "unsolvable:\n\(explanation)\n"
        case .jobs: break
        }
        text += solvedFor
        if let untested = planned.untested { text += "not tested:\n\(untested)\n" }
        let selection = solved.answer?.selection ?? []
        let names = count(solved.answer?.examined.count ?? 0, "name")
        text += "\n\(count(selection.count, "package")), selected after examining \(names):\n"
        for package in selection { text += line(package, request) }
        return text
    }

    /// The build request whose solution is in the plan.
    private var request: Request {
        var options = entry.options
        options.withTest = false
        return column.request(entry.package, isExplicit: entry.origin.isExplicit, options: options)
    }

    private var solvedFor: String {
        "solved for \(request.roots.map(\.description).joined(separator: ", "))\n"
    }

    /// Explains why this version of the package is planned and no newer one.
    private var version: String {
        let name = universe.nameID(of: entry.package)
        let newer = universe.versions(of: name).filter { $0 > entry.package }
        let chosen = universe.version(of: entry.package)
        guard let newest = newer.last else { return "version \(chosen) is the newest\n" }
        let unavailable = newer.filter { !column.universe.isAvailable($0) }
        if unavailable.count == newer.count {
            let versions = unavailable.map { universe.version(of: $0) }.joined(separator: ", ")
            return
                "version \(chosen) is the newest available on \(column.target.name.value): not available are \(versions)\n"
        }
        return "version \(chosen) was requested; the newest is \(universe.version(of: newest))\n"
    }

    /// Adds a line for a selected package and, if it is not the newest version, the reason.
    private mutating func line(
        _ package: Universe.PackageID, _ request: Request
    ) -> String {
        let name = universe.nameID(of: package)
        let text = "  \(universe.text(of: package))"
        let newer = universe.versions(of: name).filter {
            $0 > package && column.universe.isAvailable($0) && !universe.isAvoided($0)
        }
        guard let newest = newer.last, package != entry.package else { return text + "\n" }
        var newerRequest = request
        let constraint = PackageConstraint(
            PackageName(unchecked: universe.name(name)),
            .atom(VersionConstraint(.greater, Version(unchecked: universe.version(of: package)))))
        newerRequest.roots.append(constraint)
        guard let why = solver.explain(newerRequest) else {
            return text + " (\(universe.version(of: newest)) would also be possible, but for earlier decisions)\n"
        }
        let lines = why.description.split(separator: "\n").map { "      \($0)" }.joined(separator: "\n")
        return text + ", not \(universe.version(of: newest)), because\n\(lines)\n"
    }
}
