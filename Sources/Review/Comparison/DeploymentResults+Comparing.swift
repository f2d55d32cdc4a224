internal import Core
internal import Git
internal import Model
internal import Records
internal import Store

extension DeploymentResults {
    /// The differences between two sides: two times or two columns.
    ///
    /// - Parameters:
    ///   - before: The first side; see `side(named:)`.
    ///   - after: The second side.
    ///   - hasReasons: Whether to read the error line of each change that the index lacks.
    /// - Throws: `StoreError`.
    package func difference(from before: ComparisonSide, to after: ComparisonSide, hasReasons: Bool) throws
        -> Difference
    {
        let (before, after) = try inCommonColumns(before, after)
        if let property = before.part.obstacle(toComparingWith: after.part) {
            throw Self.incomparable(before, after, property)
        }
        if let old = before.moment, let new = after.moment, !old.isOfPlan, !new.isOfPlan,
            old.last == nil || new.last == nil || before.part == after.part
        {
            return try difference(from: old, to: new, hasReasons: hasReasons)
        }
        return try Difference(
            from: reading(before), to: reading(after), hasReasons: hasReasons,
            failures: (failures(on: before), failures(on: after)), details: { try self.detailed($0) })
    }

    /// Two targets whose only compilers differ are compared as columns: otherwise they would have no cell in common.
    private func inCommonColumns(
        _ before: ComparisonSide, _ after: ComparisonSide
    ) throws -> (ComparisonSide, ComparisonSide) {
        guard before.isColumn, after.isColumn, before.part.compiler == nil, after.part.compiler == nil,
            let old = before.part.target, let new = after.part.target
        else { return (before, after) }
        let (oldNames, newNames) = (compilers(of: old), compilers(of: new))
        guard Set(oldNames).isDisjoint(with: newNames) else { return (before, after) }
        guard oldNames.count == 1, newNames.count == 1 else {
            throw Failure(
                .input, "'\(before.title)' and '\(after.title)' have no compiler in common",
                hint: "compare two columns: \(old)/\(oldNames.first ?? "") \(new)/\(newNames.first ?? "")")
        }
        var (first, second) = (before, after)
        (first.part.compiler, second.part.compiler) = (oldNames[0], newNames[0])
        return (first, second)
    }

    /// The names of the compilers of a target.
    private func compilers(of target: String) -> [String] {
        header.columns.filter { $0.target == target }.map(\.compiler)
    }

    private static func incomparable(
        _ before: ComparisonSide, _ after: ComparisonSide, _ property: TablePart.Property
    ) -> Failure {
        let example = [before, after].map { side in
            let compiler = "\(side.part.target ?? "TARGET")/\(side.part.compiler ?? "COMPILER")"
            return property == .backend ? "\(compiler)@\(side.part.backend ?? "BACKEND")" : compiler
        }
        let whole =
            switch property {
            case .target: "the whole table"
            case .compiler: "a whole target"
            case .backend: "a column with all backends"
            }
        return Failure(
            .input, "'\(before.title)' and '\(after.title)' cannot be compared: one is \(whole)",
            hint: "compare two targets, or two columns: \(example.joined(separator: " "))")
    }

    /// Returns a function that finds failures on a side: cells, and jobs that decide no cell.
    private func failures(on side: ComparisonSide) -> (Cell) throws -> ComparedCell? {
        { cell in try side.moment.map { try self.failure(of: cell, at: $0) } ?? self.failure(of: cell) }
    }

    /// The differences between the results at two times.
    func difference(from before: ResultMoment, to after: ResultMoment, hasReasons: Bool) throws -> Difference {
        let cells = try changedCells(from: before, to: after)
        return try Difference(
            before: cells.before, after: cells.after, unchanged: cells.unchanged, hasReasons: hasReasons,
            roots: (
                FailureRoots { try self.failure(of: $0, at: before) },
                FailureRoots { try self.failure(of: $0, at: after) }
            ), details: { try self.detailed($0) })
    }

    /// Reads the error line of a change that lacks it; nil if there is none.
    ///
    /// - Parameter after: The second side of the comparison.
    package func reason(of change: Difference.Change, in after: ComparisonSide) throws -> String? {
        if let reason = change.reason { return reason }
        let position = index.contents.position(of: change.cell)
        if let position, let moment = after.moment, !moment.isOfPlan {
            return try result(at: position, at: moment).flatMap { try $0.constraint?.sentence ?? detailed($0).reason }
        }
        return try reading(after) { $0 == position }.cells.first { $0.cell == change.cell }.flatMap {
            try detailed($0).reason
        }
    }

    /// The side of a comparison with the given name.
    ///
    /// - Parameters:
    ///   - name: A target, `TARGET/COMPILER` or `TARGET/COMPILER@BACKEND` for the current column; `now` for the whole
    ///     current table; a run (`12`, `run:12`, `last`, `last~1`), a date, a plan or a commit for the table at that
    ///     time.
    ///   - areVerdicts: Whether the last verdict on a cell counts if the newest result is not a verdict.
    /// - Throws: `Failure` of the category `input` if nothing has that name; `StoreError`.
    package func side(named name: String, areVerdicts: Bool = false) throws -> ComparisonSide {
        if name == "now" {
            return ComparisonSide(title: name, cells: try currentCells(at: index.plannedPositions))
        }
        if let column = try column(named: name) { return column }
        if var moment = try moment(named: name) {
            moment.areVerdicts = areVerdicts
            return try side(at: moment)
        }
        let targets = Set(header.columns.map(\.target)).sorted()
        throw Failure(
            .input, "'\(name)' is not a target, a column, a run, a date, a plan or a commit of results",
            hint: try nearest(to: name, in: targets).map { "did you mean '\($0)'?" } ?? whatExists(targets))
    }

    /// The valid names, as a hint.
    func whatExists(_ targets: [String]) throws -> String {
        let run = try RunRecords(of: header.deployment, in: store).newest(limit: 1).first?.number
        let runs = run.map { $0 == 1 ? "run 1" : "runs 1 to \($0)" } ?? "no runs yet"
        return "there are \(runs) and the targets \(targets.joined(separator: ", ")); dates are written 2026-11-28"
    }

    /// The current cells of a column; nil if the name does not begin with a target.
    private func column(named name: String) throws -> ComparisonSide? {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard let target = parts.first, parts.count <= 2, header.columns.contains(where: { $0.target == target }) else {
            return nil
        }
        var part = TablePart(target: target)
        let compilers = compilers(of: target)
        if parts.count == 2 {
            let words = parts[1].split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            // `*` covers all compilers, as in selectors.
            part.compiler = words.count == 2 && words[0] == "*" ? nil : words[0]
            part.backend = words.count == 2 ? words[1] : nil
        }
        if let compiler = part.compiler, !compilers.contains(compiler) {
            throw Failure(
                .input, "'\(name)': '\(target)' has no compiler '\(compiler)'",
                hint: nearest(to: compiler, in: compilers).map {
                    "did you mean '\(target)/\(Cell.columnName(compiler: $0, backend: part.backend))'?"
                } ?? "it has \(compilers.joined(separator: ", "))")
        }
        let selector = Selector.cells(
            target: Glob(target), compiler: part.compiler.map { Glob($0) } ?? .all, package: .all)
        let positions = try positions(picked: [selector])
        let chosen = positions.filter { part.backend == nil || part.contains(index.contents.cell(at: $0)) }
        if chosen.isEmpty, let backend = part.backend { throw noBackend(backend, in: name, among: positions) }
        return ComparisonSide(title: name, cells: try currentCells(at: chosen), column: part)
    }

    private func noBackend(_ backend: String, in column: String, among positions: [Int]) -> Failure {
        let known = Set(positions.compactMap { index.contents.backend(of: index.contents.cells[$0]) }).sorted()
        let hint = known.isEmpty ? "it has no unikernels" : "it has \(known.joined(separator: ", "))"
        return Failure(
            .input, "'\(column)': no unikernel of this column has the backend '\(backend)'",
            hint: nearest(to: backend, in: known).map { "did you mean '\($0)'? \(hint)" } ?? hint)
    }

    /// Completes a cell with data of an old result that the index lacks: the reason and the blocking package.
    func detailed(_ cell: ComparedCell) throws -> ComparedCell {
        guard let commit = cell.commit else { return cell }
        var detailed = cell
        detailed.commit = nil
        try store.forEachCommit(from: commit) { _, contents in
            if let commit = RecordingCommit(contents), let message = ResultMessage(commit.message),
                message.text(.cell) == cell.cell.description
            {
                detailed.reason = message.reason
                detailed.blockedBy = message.text(.blockedBy).flatMap { PackageVersion($0) }
            } else if let result = try self.result(of: cell.cell, at: commit) {
                (detailed.reason, detailed.blockedBy) = (result.reason, result.blockedBy)
            }
            return false
        }
        return detailed
    }

    /// The document of a cell's result in the tree of a commit.
    func result(of cell: Cell, at commit: ObjectID) throws -> CellResult? {
        try store.snapshot(at: commit).value(CellResult.self, at: StorePath(ResultPath.cell(cell)))
    }
}
