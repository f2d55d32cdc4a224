internal import Core
internal import Documents
internal import Matrix
internal import OpamFormat
internal import OpamSolver

extension Planner {
    /// Tells why a cell is there, why its version, and what decided the versions of what it is built from.
    ///
    /// - Parameter name: A selector that picks one cell: `TARGET/COMPILER/PACKAGE.VERSION`, or a part of it.
    /// - Throws: `Failure` where the matrix has no such cell, or several.
    package func explanation(of name: String) throws -> String {
        guard let selector = Selector(name), case .cells(let target, let compiler, _) = selector else {
            throw Failure(.input, "'\(name)' names no cell", hint: Self.nameForm)
        }
        let selection = CellSelection(matrix: inputs.matrix)
        var picked: [(cells: ColumnCells, entry: ColumnCells.Entry)] = []
        var packages: Set<String> = []
        for pair in PlanInputs.pairs(of: inputs.matrix)
        where target.matches(pair.target.name.value) && compiler.matches(pair.compiler.name.value) {
            let column = try column(pair)
            let (cells, diagnostics) = try selection.cells(of: column, index: PackageIndexCache(column.source))
            guard diagnostics.isEmpty else { throw Failure(.input, diagnostics) }
            for entry in cells.entries {
                guard let cell = Cell(cells.text(of: entry)) else { continue }
                packages.insert(cell.package.name)
                if selector.picks(cell, result: nil) { picked.append((cells, entry)) }
            }
        }
        guard let (cells, entry) = picked.first else { throw nothing(pickedBy: name, among: packages) }
        guard picked.count == 1 else {
            let names = picked.prefix(5).map { $0.cells.text(of: $0.entry) }.joined(separator: ", ")
            throw Failure(
                .input, "'\(name)' picks \(picked.count) cells: \(names)\(picked.count > 5 ? ", …" : "")",
                hint: "name one of them")
        }
        var explainer = CellExplainer(column: cells.column, entry: entry)
        return "\(cells.text(of: entry))\n\n" + explainer.text(matrix: inputs.matrix)
    }

    private static let nameForm =
        "a cell is named TARGET/COMPILER/PACKAGE.VERSION; `ci plan --format csv` lists them"

    private func nothing(pickedBy name: String, among packages: Set<String>) -> Failure {
        let typed = String(name.split(separator: "/").last ?? "").prefix { $0 != "." }
        let near = nearest(to: String(typed), in: packages.sorted())
        return Failure(
            .input, "the matrix has no cell '\(name)'", at: inputs.matrix.deployment.location,
            hint: near.flatMap { $0 == typed ? nil : "did you mean '\($0)'?" } ?? Self.nameForm)
    }
}

extension ColumnCells {
    /// `TARGET/COMPILER/PACKAGE.VERSION`
    func text(of entry: Entry) -> String {
        "\(column.target.name.value)/\(column.compiler.name.value)/\(column.universe.universe.text(of: entry.package))"
    }
}

/// Puts together what `ci plan --explain` says of one cell.
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

    mutating func text(matrix: MatrixFile) -> String {
        var text = "asked for by \(entry.origin.location)"
        if let line = matrix.sources.diagnostic(.note, "", at: entry.origin.location).excerpt {
            text += ": \(line.drop { $0 == " " })"
        }
        if let reason = entry.origin.reason { text += " (\(reason))" }
        text += "\n" + version
        if let exclusion = entry.exclusion { return text + "left out by the matrix: \(exclusion)\n" }
        let request = column.request(entry.package, isExplicit: entry.origin.isExplicit, options: entry.options)
        text += "solved for \(request.roots.map(\.description).joined(separator: ", "))\n"
        let resolution = solver.solve(request)
        guard let selection = resolution.selection else {
            let why = solver.explain(request)?.description ?? "no set of package versions satisfies the request"
            return text + "unsolvable:\n\(why)\n"
        }
        let names = count(resolution.examined.count, "name")
        text += "\n\(count(selection.count, "package")), decided after looking at \(names):\n"
        for package in selection { text += line(package, selection, request) }
        return text
    }

    /// Why this version of the package and no newer one.
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
        return "version \(chosen) was asked for; the newest is \(universe.version(of: newest))\n"
    }

    /// A package of the selection, and where it is not the newest, what decided that.
    private mutating func line(
        _ package: Universe.PackageID, _ selection: [Universe.PackageID], _ request: Request
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
            return text + " (\(universe.version(of: newest)) would do too, but for what was decided before)\n"
        }
        let lines = why.description.split(separator: "\n").map { "      \($0)" }.joined(separator: "\n")
        return text + ", not \(universe.version(of: newest)), because\n\(lines)\n"
    }
}
