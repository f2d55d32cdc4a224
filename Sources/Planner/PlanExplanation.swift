internal import Core
internal import Documents
internal import Matrix
internal import OpamFormat
internal import OpamSolver

extension Planner {
    /// Tells why a cell is there, why its version, and what decided the versions of what it is built from.
    ///
    /// - Parameter name: `TARGET/COMPILER/PACKAGE.VERSION`; the version may be left out.
    /// - Throws: `Failure` where the matrix has no such cell.
    package func explanation(of name: String) throws -> String {
        let selection = CellSelection(matrix: inputs.matrix)
        for pair in PlanInputs.pairs(of: inputs.matrix)
        where name.hasPrefix("\(pair.target.name.value)/\(pair.compiler.name.value)/") {
            let column = try column(pair)
            let (cells, diagnostics) = try selection.cells(of: column, index: PackageIndexCache(column.source))
            guard diagnostics.isEmpty else { throw Failure(.input, diagnostics) }
            guard
                let entry = cells.entries.first(where: { entry in
                    let text = cells.text(of: entry)
                    return text == name || String(text.prefix { $0 != "." }) == name && !name.contains(".")
                        || text.hasPrefix(name + ".")
                })
            else { continue }
            var explainer = CellExplainer(column: cells.column, entry: entry)
            return "\(cells.text(of: entry))\n\n" + explainer.text(matrix: inputs.matrix)
        }
        throw Failure(
            .input, "the matrix has no cell '\(name)'", at: inputs.matrix.deployment.location,
            hint: "a cell is named TARGET/COMPILER/PACKAGE.VERSION; `ci plan --format csv` lists them")
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
        text += "\n\(selection.count) packages, decided after looking at \(resolution.examined.count) names:\n"
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
