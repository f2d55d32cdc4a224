package import Core
package import Model

/// All that is known of a deployment, as files to be put on any web server or fed to any CI.
///
/// The files are a function of the plan and the results: made twice, they are equal byte for byte.
package struct Report: Sendable {
    /// The numbers of cells by target and state.
    package let status: DeploymentStatus
    /// The causes of failures, those that affect most cells first.
    package let causes: [FailureCause]
    /// In order of the cells' names.
    package let cells: [CellState]
    /// Digests of logs that are in the report, as `logs/DIGEST.txt`.
    package let logs: Set<String>

    /// - Parameters:
    ///   - states: the cells to report on.
    ///   - holdsLog: whether the log of that digest can be put beside the pages.
    package init(plan: PlanHeader, states: [CellState], holdsLog: (Digest) -> Bool) {
        status = DeploymentStatus(plan: plan, states: states)
        causes = FailureCause.causes(of: states)
        cells = states.sorted { $0.cell < $1.cell }
        logs = Set(
            states.filter { $0.outcome == .failure }.compactMap(\.log)
                .filter { Digest(hex: $0).map(holdsLog) ?? false })
    }

    /// The files but the logs, by their names in the report's folder.
    ///
    /// - Throws: `EncodingError`.
    package func files() throws -> [(name: String, text: String)] {
        let document = Document(
            deployment: status.deployment, repositories: status.repositories, targets: status.targets, causes: causes,
            cells: cells)
        return [
            ("index.html", overviewPage()),
            ("report.json", String(decoding: try CanonicalJSON.encode(document), as: UTF8.self).displayableJSON),
            ("junit.xml", junitDocument()),
        ] + TargetTable.tables(of: cells).map { (pageName(of: $0.target), page(of: $0)) }
    }

    /// Where the log of that digest is in the report's folder.
    package static func logName(_ digest: String) -> String { "logs/\(digest).txt" }

    /// `report.json`.
    private struct Document: Encodable {
        var deployment: String
        var repositories: [Plan.Repository]
        var targets: [DeploymentStatus.Target]
        var causes: [FailureCause]
        var cells: [CellState]
    }
}
