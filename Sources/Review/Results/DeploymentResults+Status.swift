package import Model
internal import Records
package import Store

extension DeploymentResults {
    /// How far the deployment is, and what runs at this moment.
    package func status() throws -> DeploymentStatus {
        let contents = index.contents
        var targets: [InternedTexts.ID: DeploymentStatus.Target] = [:]
        for place in index.plannedPlaces {
            let cell = contents.cells[place]
            var target =
                targets[cell.target]
                ?? DeploymentStatus.Target(name: contents.texts[cell.target], cells: 0, states: [:], notGood: 0)
            target.cells += 1
            target.states[cell.state, default: 0] += 1
            if cell.isRequiredAndNotGood { target.notGood += 1 }
            if try !retries.isEmpty && isRetried(at: place) { target.retries = (target.retries ?? 0) + 1 }
            targets[cell.target] = target
        }
        return DeploymentStatus(
            plan: header, targets: targets.values.sorted { $0.name < $1.name },
            running: try DispatchValues(store.ephemeral).running(of: header.deployment))
    }

    /// What the states of the cells come to that the selectors pick.
    package func overallState(picked selectors: [Selector]) throws -> OverallState {
        let bad = try places(picked: selectors).lazy.map { index.contents.cells[$0] }.filter(\.isRequiredAndNotGood)
        return bad.contains { $0.outcome == .infrastructure } ? .unavailable : bad.isEmpty ? .good : .notGood
    }

    /// Why a cell is in its state, since when, and which other cells are affected.
    ///
    /// - Throws: `Failure` of the category `input` where the selector does not match exactly one cell.
    package func explanation(of selector: Selector) throws -> CellExplanation {
        let state = try state(picked: selector)
        return try CellExplanation(
            state, among: states(picked: [.outcome(.failure), .outcome(.blocked)]), plan: documents,
            since: state.outcome == nil ? nil : index.commitOfState(of: state.cell))
    }
}

extension DeploymentStatus {
    /// The status of every deployment of a store that has a plan.
    package static func all(in store: Store, cache: String? = nil) throws -> [DeploymentStatus] {
        try DeploymentResults.deployments(in: store).map { name in
            try DeploymentResults(store: store, deployment: name, cache: cache).status()
        }
    }
}
