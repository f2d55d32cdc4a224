internal import Core
internal import Matrix
internal import Model
internal import OpamFormat
internal import OpamSolver

/// Creates a plan from a matrix, repositories at commits and descriptions of targets. Equal inputs give equal plans.
package struct Planner: Sendable {
    let inputs: PlanInputs
    /// The maximum number of cells of a plan.
    var cellLimit = CellSelection.usualLimit
    let progress: @Sendable (PlanProgress) -> Void

    /// - Parameter progress: called from any thread.
    package init(_ inputs: PlanInputs, progress: @escaping @Sendable (PlanProgress) -> Void = { _ in }) {
        self.inputs = inputs
        self.progress = progress
    }

    /// Plans the inputs.
    ///
    /// - Parameter base: A previous plan to update incrementally; the result equals a full plan.
    /// - Throws: `Failure` if the matrix does not match the repositories or a plugin fails.
    package func plan(over base: PreviousPlan? = nil) async throws -> PlanOutput {
        guard let base, base.memory.inputsKey == (try CellInputs(inputs).inputsKey) else {
            return try await IncrementalPlanner(planner: self, base: nil).planning()
        }
        do {
            return try await IncrementalPlanner(planner: self, base: base).planning()
        } catch is IncrementalPlanner.UnusableBase {
            return try await IncrementalPlanner(planner: self, base: nil).planning()
        }
    }

    /// The version for a pin without a stated version, as in opam: the newest one available on some target, otherwise
    /// the newest one; nil if no repository has the name.
    package func newestVersion(of name: String) -> String? {
        let views = Dictionary(
            inputs.stacks.map { ($0.positions, TargetViews()) }, uniquingKeysWith: { first, _ in first })
        let available = PlanInputs.pairs(of: inputs.matrix).compactMap { pair -> String? in
            let stack = PlanInputs.stack(of: inputs.matrix, target: pair.target, compiler: pair.compiler)
            guard let column = try? column(pair, views: views[stack] ?? TargetViews()) else { return nil }
            let universe = column.universe.universe
            return universe.nameID(name).flatMap { column.universe.newestAvailable($0) }.map(universe.version(of:))
        }
        let all = inputs.stacks.compactMap { stack -> String? in
            let universe = stack.source.universe
            return universe.nameID(name).flatMap { universe.versions(of: $0).last }.map(universe.version(of:))
        }
        return (available.isEmpty ? all : available).max { Version(unchecked: $0) < Version(unchecked: $1) }
    }

    /// The properties common to the cells of a target with a compiler.
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
            .input, "no repository is used for '\(pair.target.name.value)' with '\(pair.compiler.name.value)'",
            at: pair.target.name.location)
    }
}
