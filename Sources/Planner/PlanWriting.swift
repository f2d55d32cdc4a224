package import Core
package import Documents
internal import Matrix
package import PluginHost
internal import Store

/// Plans a matrix and keeps the plan, for commands that want it done.
package enum PlanWriting {
    /// The plan of the matrix at `path`, written to the store.
    ///
    /// Nothing is written, and no store is made, unless the whole plan could be made.
    ///
    /// - Parameters:
    ///   - store: The folder of the store, which is made where it is not there.
    ///   - cache: As for `PlanPreparation`.
    /// - Returns: the plan and what is worth a warning.
    /// - Throws: `Failure` for a wrong matrix, a missing repository, a plugin that fails; errors of the store.
    package static func plan(
        matrix path: String, store: String, catalog: PluginCatalog, cache: String?,
        progress: @escaping @Sendable (PlanProgress) -> Void = { _ in }
    ) async throws -> (plan: Plan, warnings: [Diagnostic]) {
        let matrix = try MatrixFile(path: path)
        let preparation = PlanPreparation(matrix: matrix, catalog: catalog, cache: cache)
        progress(PlanProgress(.reading))
        var warnings: [Diagnostic] = []
        let inputs = try await preparation.inputs(warnings: &warnings)
        let planning = try await Planner(inputs, memory: cache.map { "\($0)/solutions" }, progress: progress).plan()
        progress(PlanProgress(.writing))
        try PlanStore(Store(at: store)).write(planning.plan, files: planning.files)
        return (planning.plan, warnings + planning.warnings)
    }
}
