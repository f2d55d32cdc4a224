package import Core
package import Documents
internal import Foundation
internal import Matrix
package import PluginHost
internal import Store

/// Plans a matrix and keeps the plan, for commands that want it done.
package enum PlanWriting {
    /// The plan of the matrix in `file`, written to the store unless it is there already.
    ///
    /// Nothing is written, and no store is made, unless the whole plan could be made.
    ///
    /// - Parameters:
    ///   - path: The folder of the store, which is made where it is not there.
    ///   - cache: As for `PlanPreparation`.
    /// - Returns: the plan and what is worth a warning.
    /// - Throws: `Failure` for a wrong matrix, a missing repository, a plugin that fails; errors of the store.
    package static func plan(
        matrix file: String, store path: String, catalog: PluginCatalog, cache: String?,
        progress: @escaping @Sendable (PlanProgress) -> Void = { _ in }
    ) async throws -> (plan: Plan, warnings: [Diagnostic]) {
        let matrix = try MatrixFile(path: file)
        let preparation = PlanPreparation(matrix: matrix, catalog: catalog, cache: cache)
        progress(PlanProgress(.reading))
        var warnings: [Diagnostic] = []
        let inputs = try await preparation.inputs(warnings: &warnings)
        let digest = try inputs.digest
        let name = matrix.deployment.value
        if FileManager.default.fileExists(atPath: path) {
            let plans = PlanStore(try Store(opening: path))
            if try plans.inputs(name)?.digest == digest, let plan = try plans.load(name) {
                return (plan, warnings + inputs.warnings)
            }
        }
        let planning = try await Planner(inputs, memory: cache.map { "\($0)/solutions" }, progress: progress).plan()
        progress(PlanProgress(.writing))
        try PlanStore(Store(at: path)).write(planning.plan, files: planning.files, inputs: digest)
        return (planning.plan, warnings + planning.warnings)
    }
}
