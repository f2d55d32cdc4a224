internal import Core
internal import Matrix
internal import Model
internal import OpamFormat
internal import OpamSolver
internal import Synchronization
internal import System

/// Plans inputs, incrementally if there is a previous plan.
///
/// Full and incremental plans use the same code: the incremental state only determines which cells are kept.
///
/// - SeeAlso: `docs/decisions/0044-incremental-plans.md`
struct IncrementalPlanner: Sendable {
    let planner: Planner
    /// The previous plan; nil to solve all cells.
    let base: PreviousPlan?
    private var inputs: PlanInputs { planner.inputs }
    private var matrix: MatrixFile { planner.inputs.matrix }

    /// The incremental state or the store is inconsistent, so a full plan is needed.
    struct UnusableBase: Error {}

    func planning() async throws -> PlanOutput {
        let pairs = PlanInputs.pairs(of: matrix)
        let stacks = try stackUpdates(pairs)
        let updates = try await columnUpdates(pairs, stacks)
        let toSolve = updates.map(\.toSolve)
        let total = toSolve.reduce(0) { $0 + $1.entries.count }
        let progress = planner.progress
        let solved = try await ColumnSolver.solve(toSolve) { progress(PlanProgress(.solving, done: $0, total: total)) }
        let packages = stacks.map { ParsedPackages($0.source, inputs.unpinned) }
        let parts = try await parts(updates, solved, packages, total: total)
        let metadata = try await PlannedMetadata(base, packages, stacks).document(updates)
        return try await assembled(updates, parts, solved, stacks, metadata, gone: goneColumns(pairs))
    }

    // MARK: Determining the changes

    private func stackUpdates(_ pairs: [(target: TargetEntry, compiler: CompilerEntry)]) throws -> [RepositoryChanges] {
        let roots = Set(pairs.flatMap { Column.roots(of: $0.compiler).map(\.name.text) }).sorted()
        let pins = Dictionary(
            matrix.pins.map { ($0.name.value, $0.version) }, uniquingKeysWith: { first, _ in first })
        let known = base?.memory.stacks ?? []
        return inputs.stacks.enumerated().map { number, stack in
            // The same repositories may have moved to other positions in the matrix.
            let key = CellInputs.key(of: stack.source)
            let isAtSamePlace = known.indices.contains(number) && known[number].key == key
            let before = isAtSamePlace ? number : known.firstIndex { $0.key == key }
            return RepositoryChanges(
                stack.source, pins: pins, roots: roots, numberBefore: before, before: before.map { known[$0] })
        }
    }

    private func columnUpdates(
        _ pairs: [(target: TargetEntry, compiler: CompilerEntry)], _ stacks: [RepositoryChanges]
    ) async throws -> [ColumnDelta] {
        let selection = CellSelection(matrix: matrix, limit: planner.cellLimit)
        try checkSize(pairs, selection)
        let cellInputs = CellInputs(inputs)
        let isSelectedAlike = base?.memory.selection == cellInputs.selection
        let oldRules = (base?.memory.rules ?? []).compactMap(CellRule.init(stored:))
        let revision = CellRule.patterns(changedFrom: oldRules, to: cellInputs.rules)
        let known = Dictionary(
            (base?.memory.columns ?? []).map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let setup = ColumnSetup(
            selection: selection, isSelectedAlike: isSelectedAlike,
            isScoped: selection.isByName && isSelectedAlike, revision: revision,
            indices: inputs.stacks.map { PackageIndexCache($0.source) }, positions: inputs.stacks.map(\.positions),
            views: inputs.stacks.map { _ in TargetViews() }, known: known)
        let results = try await parallelMap(pairs) { (_, pair) -> (ColumnDelta, [Diagnostic]) in
            try columnUpdate(pair, stacks, setup)
        }
        try check(results.map { ($0.0.count, $0.1) }, selection)
        return results.map(\.0)
    }

    /// The setup common to all columns for comparing them with the incremental state.
    private struct ColumnSetup: Sendable {
        var selection: CellSelection
        /// Whether the selection of cells is the same as before.
        var isSelectedAlike: Bool
        /// Whether the cells of a few names can be selected separately.
        var isScoped: Bool
        var revision: [CellPattern]
        var indices: [PackageIndexCache]
        var positions: [[Int]]
        var views: [TargetViews]
        /// The columns of the incremental state, by name.
        var known: [String: ColumnState]
    }

    private func columnUpdate(
        _ pair: (target: TargetEntry, compiler: CompilerEntry), _ stacks: [RepositoryChanges], _ setup: ColumnSetup
    ) throws -> (ColumnDelta, [Diagnostic]) {
        let positions = PlanInputs.stack(of: matrix, target: pair.target, compiler: pair.compiler)
        guard let stack = setup.positions.firstIndex(of: positions) else { throw planner.missingRepository(pair) }
        let name = Self.name(of: pair)
        let inputsKey = try CellInputs(inputs).column(pair)
        let before = setup.known[name]
        var invalidated: [Bool] = []
        var scope: Set<String>?
        if let before {
            invalidated = Array(repeating: true, count: before.packages.count)
            if before.inputsKey == inputsKey, before.stack == stacks[stack].numberBefore,
                let isChanged = stacks[stack].isChanged
            {
                invalidated = before.invalidated(isChanged)
                // The state does not contain the reason of an excluded cell.
                if !setup.isSelectedAlike { before.addExcluded(to: &invalidated) }
                if setup.isScoped {
                    scope = ColumnDelta.scope(of: before, invalidated: invalidated, changed: stacks[stack].changed)
                }
            }
        }
        let column = try planner.column(pair, views: setup.views[stack])
        let (cells, diagnostics) = try setup.selection.cells(of: column, scope: scope, index: setup.indices[stack])
        let update = ColumnDelta(
            cells, name: name, stack: stack, inputsKey: inputsKey, before: before, invalidated: invalidated,
            scope: scope,
            revision: setup.revision)
        return (update, diagnostics)
    }

    private static func name(of pair: (target: TargetEntry, compiler: CompilerEntry)) -> String {
        "\(pair.target.name.value)/\(pair.compiler.name.value)"
    }

    /// The columns of the previous plan that do not exist in this plan.
    private func goneColumns(_ pairs: [(target: TargetEntry, compiler: CompilerEntry)]) -> [ColumnState] {
        let names = Set(pairs.map(Self.name(of:)))
        return (base?.memory.columns ?? []).filter { !names.contains($0.name) }
    }

    /// Counts the cells of a plan that might be far too large, column by column, before any of them uses memory.
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
        let diagnostics = columns.flatMap(\.diagnostics).reduce(into: RepositoryChecks(inputs).mistakes) { all, next in
            if !all.contains(next) { all.append(next) }
        }
        guard diagnostics.isEmpty else { throw Failure(.input, diagnostics) }
        let counts = columns.map(\.count)
        try selection.check(counts.reduce(0, +), packages: counts.max() ?? 0)
        guard counts.contains(where: { $0 > 0 }) else {
            throw Failure(.input, "the matrix has no cells", at: matrix.deployment.location)
        }
    }

    // MARK: Creating the plan

    private func parts(
        _ updates: [ColumnDelta], _ solved: [[SolvedCell]], _ packages: [ParsedPackages], total: Int
    ) async throws -> [ColumnPlan] {
        let rules = CellRules(matrix: matrix, today: inputs.today)
        let progress = planner.progress
        let done = Mutex(0)
        progress(PlanProgress(.jobs, done: 0, total: total))
        return try await parallelMap(Array(zip(updates, solved))) { _, column in
            try await ColumnPlan(
                column.0.toSolve, column.1, rules: rules, packages: packages[column.0.stack]
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
        _ updates: [ColumnDelta], _ parts: [ColumnPlan], _ solved: [[SolvedCell]], _ stacks: [RepositoryChanges],
        _ metadata: [UInt8], gone: [ColumnState]
    ) async throws -> PlanOutput {
        let rules = CellRules(matrix: matrix, today: inputs.today)
        let cells = try await parallelMap(Array(zip(updates, parts))) { (_, column) -> ColumnShards in
            let target = column.1.column.target
            return try ColumnShards(
                target: target.name.value, compiler: column.1.column.compiler.name.value,
                cells: column.1.cells, dropped: column.0.dropped, revised: column.0.revised, previous: base
            ) { cell in
                rules.planned(cell, isRequired: target.isRequired)
            }
        }
        let goneCells = try await parallelMap(gone) { _, column in try ColumnShards(dropping: column, previous: base) }
        let columns = try await parallelMap(Array(zip(updates, solved))) { _, column in
            column.0.memory(column.1, stacks[column.0.stack])
        }
        let (update, jobs) = try PlanAssembly(inputs: inputs, previous: base).update(
            parts.map(\.graph),
            zip(zip(parts, columns), cells).map { (column: $0.0.column, memory: $0.1, cells: $1) }, gone: goneCells,
            metadata: metadata)
        let cellInputs = CellInputs(inputs)
        var memory = IncrementalState(
            inputsKey: try cellInputs.inputsKey, selection: cellInputs.selection, rules: cellInputs.rules.map(\.stored))
        memory.stacks = stacks.map(\.memory)
        memory.columns = columns
        memory.jobs = jobs
        var warnings = inputs.warnings + UnmatchedRules(matrix, updates).warnings
        warnings += inputs.unpinned?.warnings ?? []
        warnings += try PackageWarnings(inputs, memory).warnings
        return PlanOutput(
            update: update, isIncremental: base != nil, memory: memory,
            solvedCells: parts.reduce(0) { $0 + $1.cells.count }, warnings: warnings)
    }
}
