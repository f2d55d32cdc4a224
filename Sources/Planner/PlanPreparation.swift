package import Core
internal import Documents
internal import Foundation
package import Matrix
internal import OpamRepository
package import PluginHost

/// Gathers what a plan is a function of: from a matrix, the plugins and the repositories.
package struct PlanPreparation: Sendable {
    package var matrix: MatrixFile
    package var catalog: PluginCatalog
    /// A folder for what can be made again: mirrors of repositories and compiled universes. Nil to keep nothing.
    package var cache: String?
    package var architecture: String
    package var today: CalendarDate

    package init(
        matrix: MatrixFile, catalog: PluginCatalog, cache: String?, architecture: String = hostArchitecture(),
        today: CalendarDate = CalendarDate(daysSince1970: Int(Date().timeIntervalSince1970) / 86_400)
    ) {
        self.matrix = matrix
        self.catalog = catalog
        self.cache = cache
        self.architecture = architecture
        self.today = today
    }

    /// The inputs of the plan.
    ///
    /// - Parameters:
    ///   - revision: Of the first repository that is one of git, instead of the one that the matrix says.
    ///   - warnings: Gains what is wrong with files of the repositories.
    /// - Throws: `Failure` where a target has no plugin or a repository is not there.
    package func inputs(at revision: String? = nil, warnings: inout [Diagnostic]) async throws -> PlanInputs {
        let profiles = try await PluginProfiles(matrix: matrix, catalog: catalog, architecture: architecture)
            .profiles()
        let opened = try RepositoryOpening(matrix: matrix, cache: cache, revision: revision).openAll()
        var sources: [[Int]: any PackageSource] = [:]
        for (target, compiler) in PlanInputs.pairs(of: matrix) {
            let stack = PlanInputs.stack(of: matrix, target: target, compiler: compiler)
            guard sources[stack] == nil, !stack.isEmpty else { continue }
            let source = try RepositorySource(
                RepositorySet(stack.map { opened[$0].repository }),
                repositories: stack.map { opened[$0].description }, cache: cache.map { "\($0)/universes" },
                warnings: &warnings)
            sources[stack] = try PinnedSource.laid(over: source, matrix: matrix)
        }
        return PlanInputs(matrix: matrix, profiles: profiles, sources: sources, today: today)
    }
}
