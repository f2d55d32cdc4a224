package import Model
internal import Records
package import Store

extension DeploymentResults {
    /// How far the deployment is, and what runs at this moment.
    package func status() throws -> DeploymentStatus {
        DeploymentStatus(
            plan: header, states: try states(picked: []),
            running: try RunningJob.all(of: header.deployment, in: store))
    }

    /// Why a cell is in its state, since when, and which other cells are affected.
    ///
    /// - Throws: `Failure` of the category `input` where the selector does not match exactly one cell.
    package func explanation(of selector: Selector) throws -> CellExplanation {
        try CellExplanation(
            state(picked: selector), among: states(picked: [.outcome(.failure), .outcome(.blocked)]), plan: documents,
            store: store)
    }
}

extension DeploymentStatus {
    /// The status of every deployment of a store that has a plan.
    package static func all(in store: Store) throws -> [DeploymentStatus] {
        try DeploymentResults.deployments(in: store).map { name in
            try DeploymentResults(store: store, deployment: name).status()
        }
    }
}
