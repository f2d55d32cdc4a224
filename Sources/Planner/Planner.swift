internal import Core
internal import Documents
internal import Matrix
internal import OpamSolver

/// Turns a matrix, repositories at commits and descriptions of targets into a plan. Nothing else decides: equal inputs
/// give equal plans.
package struct Planner: Sendable {
    let inputs: PlanInputs
    /// Cells of a plan.
    var cellLimit = CellSelection.usualLimit
    let progress: @Sendable (PlanProgress) -> Void

    /// - Parameter progress: called from any thread.
    package init(_ inputs: PlanInputs, progress: @escaping @Sendable (PlanProgress) -> Void = { _ in }) {
        self.inputs = inputs
        self.progress = progress
    }

    /// Makes the plan.
    ///
    /// - Parameter base: A plan in the store, by which this one is made quicker and never another one.
    /// - Throws: `Failure` where the matrix does not fit the repositories or a plugin fails.
    package func plan(over base: PreviousPlan? = nil) async throws -> PlanOutput {
        guard let base, base.memory.setting == (try CellInputs(inputs).setting) else {
            return try await IncrementalPlanner(planner: self, base: nil).planning()
        }
        do {
            return try await IncrementalPlanner(planner: self, base: base).planning()
        } catch is IncrementalPlanner.UnusableBase {
            return try await IncrementalPlanner(planner: self, base: nil).planning()
        }
    }

    /// What the cells of a target with a compiler share.
    func column(
        _ pair: (target: TargetEntry, compiler: CompilerEntry), views: TargetViews = TargetViews()
    ) throws -> Column {
        let (target, compiler) = pair
        let key = PlanInputs.ProfileKey(target: target.name.value, systemCompiler: compiler.isSystem)
        let stack = PlanInputs.stack(of: inputs.matrix, target: target, compiler: compiler)
        guard let profile = inputs.profiles[key], let source = inputs.sources[stack] else {
            throw missingRepository(pair)
        }
        return Column(
            target: target, compiler: compiler, profile: profile, source: source, pins: inputs.matrix.pins, views: views
        )
    }

    func missingRepository(_ pair: (target: TargetEntry, compiler: CompilerEntry)) -> Failure {
        Failure(
            .input, "no repository counts for '\(pair.target.name.value)' with '\(pair.compiler.name.value)'",
            at: pair.target.name.location)
    }
}
