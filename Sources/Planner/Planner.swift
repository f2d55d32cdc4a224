internal import Core
internal import Documents
internal import Matrix
internal import OpamSolver

/// Turns a matrix, repositories at commits and descriptions of targets into a plan. Nothing else decides: equal inputs
/// give equal plans.
package struct Planner: Sendable {
    let inputs: PlanInputs
    private let memory: String?
    private let progress: @Sendable (PlanProgress) -> Void

    /// - Parameters:
    ///   - memory: A folder of answers of the solver, which make the next plan quicker and never another one. Nil to
    ///     solve all anew.
    ///   - progress: called from any thread.
    package init(
        _ inputs: PlanInputs, memory: String? = nil, progress: @escaping @Sendable (PlanProgress) -> Void = { _ in }
    ) {
        self.inputs = inputs
        self.memory = memory
        self.progress = progress
    }

    /// Makes the plan.
    ///
    /// - Throws: `Failure` where the matrix does not fit the repositories or a plugin fails.
    package func plan() async throws -> Planning {
        let columns = try columns()
        let cells = try selectedCells(of: columns)
        let total = cells.reduce(0) { $0 + $1.entries.count }
        let folder = memory.map { SolutionFolder(folder: $0, deployment: inputs.matrix.deployment.value) }
        let solved = try await ColumnSolver.solve(cells, memory: folder) { [progress] done in
            progress(PlanProgress(.solving, done: done, total: total))
        }
        let parts = try await parts(cells, solved)
        return PlanAssembly(inputs: inputs).planning(of: parts)
    }

    func columns() throws -> [Column] {
        try PlanInputs.pairs(of: inputs.matrix).map { target, compiler in
            let key = PlanInputs.ProfileKey(target: target.name.value, systemCompiler: compiler.isSystem)
            let stack = PlanInputs.stack(of: inputs.matrix, target: target, compiler: compiler)
            guard let profile = inputs.profiles[key], let source = inputs.sources[stack] else {
                throw Failure(
                    .input, "no repository counts for '\(target.name.value)' with '\(compiler.name.value)'",
                    at: target.name.location)
            }
            return Column(
                target: target, compiler: compiler, profile: profile, source: source, pins: inputs.matrix.pins)
        }
    }

    func selectedCells(of columns: [Column]) throws -> [ColumnCells] {
        var caches: [[Plan.Repository]: PackageIndexCache] = [:]
        return try CellSelection(matrix: inputs.matrix).cells(of: columns) { column in
            let key = column.source.repositories
            let cache = caches[key] ?? PackageIndexCache(column.source)
            caches[key] = cache
            return cache
        }
    }

    private func parts(_ cells: [ColumnCells], _ solved: [[SolvedCell]]) async throws -> [ColumnPlan] {
        let total = cells.reduce(0) { $0 + $1.entries.count }
        progress(PlanProgress(.jobs, done: 0, total: total))
        return try await withThrowingTaskGroup(of: (Int, ColumnPlan).self) { group in
            for (index, (cells, solved)) in zip(cells, solved).enumerated() {
                let matrix = inputs.matrix
                group.addTask { (index, try await ColumnPlan(cells, solved, matrix: matrix)) }
            }
            var parts: [ColumnPlan?] = Array(repeating: nil, count: cells.count)
            for try await (index, part) in group { parts[index] = part }
            return parts.compactMap(\.self)
        }
    }
}
