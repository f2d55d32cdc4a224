internal import Core
package import Model

/// The state of a deployment as files for other programs: JSON and JUnit XML.
///
/// The files are a function of the plan and the results: made twice, they are equal byte for byte.
package struct Report: Sendable {
    /// The numbers of cells by target and state.
    package let status: DeploymentStatus
    /// The causes of the bad cells, those that affect the most cells first.
    package let causes: [Cause]
    /// The states, sorted by cell.
    package let cells: [CellState]

    /// - Parameters:
    ///   - states: The cells to report on.
    ///   - causes: The causes of the bad cells.
    package init(plan: PlanHeader, states: [CellState], causes: [Cause]) {
        status = DeploymentStatus(plan: plan, states: states)
        self.causes = causes
        cells = states.sorted { $0.cell < $1.cell }
    }

    /// `report.json`.
    ///
    /// - Throws: `EncodingError`.
    package func jsonDocument() throws -> String {
        let document = Document(
            deployment: status.deployment, repositories: status.repositories, targets: status.targets, causes: causes,
            cells: cells)
        return String(decoding: try CanonicalJSON.encode(document), as: UTF8.self).displayableJSON
    }

    private struct Document: Encodable {
        var deployment: String
        var repositories: [Plan.Repository]
        var targets: [DeploymentStatus.Target]
        var causes: [Cause]
        var cells: [CellState]
    }
}
