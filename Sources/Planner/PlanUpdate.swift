internal import Core
internal import Documents
internal import Matrix
internal import OpamFormat
internal import OpamSolver
internal import Synchronization

/// Makes the plan of some inputs out of a plan that is there, or out of nothing.
///
/// Both ways are this one: what is remembered decides only which cells are left as they are.
struct PlanUpdate: Sendable {
    let planner: Planner
    /// Nil: all is made.
    let base: PlanBase?
    private var inputs: PlanInputs { planner.inputs }
    private var matrix: MatrixFile { planner.inputs.matrix }

    /// What is remembered, or the store, contradicts itself: all must be made.
    struct UnusableBase: Error {}

    func planning() async throws -> Planning {
        let pairs = PlanInputs.pairs(of: matrix)
        let stacks = try stackUpdates(pairs)
        let updates = try await columnUpdates(pairs, stacks)
        let open = updates.map(\.open)
        let total = open.reduce(0) { $0 + $1.entries.count }
        let progress = planner.progress
        let solved = try await ColumnSolver.solve(open) { progress(PlanProgress(.solving, done: $0, total: total)) }
        let parts = try await parts(updates, solved, stacks, total: total)
        return try await assembled(updates, parts, solved, stacks)
    }

    // MARK: What is to be made

    private func stackUpdates(_ pairs: [(target: TargetEntry, compiler: CompilerEntry)]) throws -> [StackUpdate] {
        let roots = Set(pairs.flatMap { Column.roots(of: $0.compiler).map(\.name.text) }).sorted()
        let stacks = inputs.stacks
        if let base, base.memory.stacks.count != stacks.count { throw UnusableBase() }
        return stacks.enumerated().map { number, stack in
            StackUpdate(stack.source, roots: roots, before: base?.memory.stacks[number])
        }
    }

    private func columnUpdates(
        _ pairs: [(target: TargetEntry, compiler: CompilerEntry)], _ stacks: [StackUpdate]
    ) async throws -> [ColumnUpdate] {
        let selection = CellSelection(matrix: matrix, limit: planner.cellLimit)
        try checkPins()
        try checkSize(pairs, selection)
        let isByName = selection.isByName
        let indices = inputs.stacks.map { PackageIndexCache($0.source) }
        let positions = inputs.stacks.map(\.positions)
        let views = inputs.stacks.map { _ in TargetViews() }
        let results = try await concurrently(pairs) { number, pair in
            let positionsOfPair = PlanInputs.stack(of: matrix, target: pair.target, compiler: pair.compiler)
            guard let stack = positions.firstIndex(of: positionsOfPair) else {
                throw planner.missingRepository(pair)
            }
            let name = "\(pair.target.name.value)/\(pair.compiler.name.value)"
            let before = base?.memory.columns[number]
            if let before, before.name != name || before.stack != stack { throw UnusableBase() }
            let touched = stacks[stack].isChanged.flatMap { before?.touched($0) } ?? []
            let scope = before.flatMap { before in
                isByName
                    ? ColumnUpdate.scope(of: before, touched: touched, changed: stacks[stack].changed) : nil
            }
            let column = try planner.column(pair, views: views[stack])
            let (cells, diagnostics) = try selection.cells(of: column, scope: scope, index: indices[stack])
            return (
                ColumnUpdate(cells, name: name, stack: stack, before: before, touched: touched, scope: scope),
                diagnostics
            )
        }
        try check(results.map { ($0.0.count, $0.1) }, selection)
        return results.map(\.0)
    }

    /// Pins to versions that no repository has would make every cell that needs them unsolvable.
    private func checkPins() throws {
        let universes = inputs.stacks.map(\.source.universe)
        let problems = matrix.pins.compactMap { pin -> Diagnostic? in
            let known = universes.compactMap { universe in
                universe.nameID(pin.name.value).map { universe.versions(of: $0).map(universe.version(of:)) }
            }
            guard !universes.isEmpty, !known.contains(where: { $0.contains(pin.version) }) else { return nil }
            let versions = (known.max { $0.count < $1.count } ?? []).suffix(5).reversed()
            return matrix.sources.diagnostic(
                .error, "pin '\(pin.name.value)': no repository has a version \(pin.version) of it",
                at: pin.name.location,
                hint: versions.isEmpty ? nil : "the newest are \(versions.joined(separator: ", "))")
        }
        guard problems.isEmpty else { throw Failure(.input, problems) }
    }

    /// Counts the cells of a plan that might be far too large, one column after the other, before any of them takes
    /// memory.
    private func checkSize(
        _ pairs: [(target: TargetEntry, compiler: CompilerEntry)], _ selection: CellSelection
    ) throws {
        let most = inputs.stacks.map(\.source.universe.packageCount).max() ?? 0
        guard pairs.count * most > selection.limit else { return }
        let indices = Dictionary(
            uniqueKeysWithValues: inputs.stacks.map { ($0.positions, PackageIndexCache($0.source)) })
        var count = 0
        for pair in pairs {
            let positions = PlanInputs.stack(of: matrix, target: pair.target, compiler: pair.compiler)
            guard let index = indices[positions] else { continue }
            let packages = try selection.count(of: planner.column(pair), index: index)
            count += packages
            try selection.check(count, packages: packages)
        }
    }

    private func check(_ columns: [(count: Int, diagnostics: [Diagnostic])], _ selection: CellSelection) throws {
        let diagnostics = columns.flatMap(\.diagnostics).reduce(into: [Diagnostic]()) { all, next in
            if !all.contains(next) { all.append(next) }
        }
        guard diagnostics.isEmpty else { throw Failure(.input, diagnostics) }
        let counts = columns.map(\.count)
        try selection.check(counts.reduce(0, +), packages: counts.max() ?? 0)
        guard counts.contains(where: { $0 > 0 }) else {
            throw Failure(.input, "the matrix has no cells", at: matrix.deployment.location)
        }
    }

    // MARK: Making it

    private func parts(
        _ updates: [ColumnUpdate], _ solved: [[SolvedCell]], _ stacks: [StackUpdate], total: Int
    ) async throws -> [ColumnPlan] {
        let rules = CellRules(matrix: matrix, today: inputs.today)
        let progress = planner.progress
        let done = Mutex(0)
        let packages = stacks.map { ParsedPackages($0.source, inputs.moving) }
        progress(PlanProgress(.jobs, done: 0, total: total))
        return try await concurrently(Array(zip(updates, solved))) { _, column in
            try await ColumnPlan(
                column.0.open, column.1, rules: rules, packages: packages[column.0.stack]
            ) { count in
                let now = done.withLock { done in
                    done += count
                    return done
                }
                progress(PlanProgress(.jobs, done: now, total: total))
            }
        }
    }

    private func assembled(
        _ updates: [ColumnUpdate], _ parts: [ColumnPlan], _ solved: [[SolvedCell]], _ stacks: [StackUpdate]
    ) async throws -> Planning {
        var assembly = PlanAssembly(inputs: inputs, base: base)
        let before = assembly.documents
        let cells = try await concurrently(Array(zip(updates, parts))) { _, column in
            try CellDocuments(
                target: column.1.column.target.name.value, compiler: column.1.column.compiler.name.value,
                cells: column.1.cells, dropped: column.0.dropped, base: before)
        }
        let columns = try await concurrently(Array(zip(updates, solved))) { _, column in
            column.0.memory(column.1, stacks[column.0.stack])
        }
        for documents in cells { assembly.add(documents) }
        try assembly.setJobs(parts.map(\.graph), cells)
        let header = try assembly.setHeader(parts.map(\.column), columns, cells)
        var memory = PlanMemory(setting: try inputs.setting)
        memory.stacks = stacks.map(\.memory)
        memory.columns = columns
        memory.jobs = assembly.jobs
        return Planning(
            header: header, documents: assembly.documents, memory: memory,
            made: parts.reduce(0) { $0 + $1.cells.count },
            warnings: inputs.warnings + UnmatchedRules(matrix, updates).warnings
                + (inputs.moving?.warnings ?? []))
    }
}

/// The results of `transform` for all elements, in their order, made on all processors.
func concurrently<Element: Sendable, Result: Sendable>(
    _ elements: [Element], _ transform: @escaping @Sendable (Int, Element) async throws -> Result
) async throws -> [Result] {
    try await withThrowingTaskGroup(of: (Int, Result).self) { group in
        for (index, element) in elements.enumerated() {
            group.addTask { (index, try await transform(index, element)) }
        }
        var results: [Result?] = Array(repeating: nil, count: elements.count)
        for try await (index, result) in group { results[index] = result }
        return results.compactMap(\.self)
    }
}
