internal import Core
package import Model

/// The object that the argument of `ci show` denotes.
package enum Shown: Sendable {
    /// A cell, or a job that decides none: `TARGET/COMPILER/PACKAGE.VERSION`.
    case cell(ShownCell)
    /// A package in all columns: `lwt` or `lwt.5.7.0`.
    case package(ShownPackage)
    /// A cause by its id.
    case cause(ShownCause)
    /// All causes, those of the most cells first: `causes`.
    case causes([Cause])
    /// A run by its number: `12`, `run:12`, `last`, `last~1`.
    case run(ShownRun)
    /// The packages of a maintainer, by address or name: `ann@example.org`, `maintainer:ann`.
    case maintainer(MaintainedPackages)
    /// A target, a column, or the cells that match selectors.
    case summary(ResultsSummary)
}

/// A cell with its history.
package struct ShownCell: Codable, Sendable {
    /// Its state now.
    package var state: CellState
    /// The id of the cause, if the cell is bad.
    package var cause: String?
    /// The result of confirming a failure: `confirmed 2/2`, `flaky 1/3`. Absent if that was not tried.
    package var confirmation: String?
    /// The error in the log. Absent if none was recognised.
    package var error: CellResult.LoggedError?
    /// Its results, newest first.
    package var history: [PastResult]
}

/// A package in the columns of the plan.
package struct ShownPackage: Codable, Sendable {
    /// The package's name.
    package var name: String
    /// Its cells, sorted by name.
    package var cells: [CellState]
    /// The causes of its bad cells.
    package var causes: [Cause]
}

/// A cause with the states of its cells.
package struct ShownCause: Codable, Sendable {
    /// The cause.
    package var cause: Cause
    /// The cells that are bad themselves, sorted by name.
    package var cells: [CellState]
}

extension DeploymentResults {
    /// Finds the object that a word denotes: `causes`, the id of a cause, a run, a target, a cell, a package, a
    /// maintainer, or any selector.
    ///
    /// - Throws: `Failure` of the category `input` if it denotes nothing.
    package func shown(_ word: String) throws -> Shown {
        if word == "causes" { return .causes(try causes()) }
        if let cause = try cause(named: word) { return .cause(cause) }
        if let run = try shownRun(word) { return .run(run) }
        if header.columns.contains(where: { $0.target == word }) {
            return .summary(try summary(picked: [Selector.cells(target: Glob(word), compiler: .all, package: .all)]))
        }
        let selector = try Selector(parsing: word)
        if case .maintainer(let glob) = selector { return .maintainer(try packages(of: glob.pattern)) }
        guard case .cells = selector else {
            try check([selector])
            return .summary(try summary(picked: [selector]))
        }
        let states = try states(named: selector)
        // Names of packages contain no spaces or '@'. A glob may match packages or maintainers.
        if states.isEmpty, let packages = try? packages(of: word) { return .maintainer(packages) }
        if states.count <= 1 { return .cell(try shownCell(selector)) }
        let packages = Set(states.map(\.cell.package.name))
        guard packages.count == 1, let name = packages.first else { return .summary(try summary(picked: [selector])) }
        return .package(ShownPackage(name: name, cells: states, causes: try causes(picked: [selector])))
    }

    private func shownCell(_ selector: Selector) throws -> ShownCell {
        let state = try state(picked: selector)
        let causes = causeIDs(at: index.contents.position(of: state.cell).map { [$0] } ?? [])
        let job = state.outcome == .blocked ? nil : state.job.flatMap { Digest(hex: $0) }
        let result = try job.flatMap { try index.result(ofJob: $0, as: state.cell, in: store) }
        return ShownCell(
            state: state, cause: causes[state.cell], confirmation: result?.confirmationWords, error: result?.error,
            history: try index.history(of: state.cell))
    }

    /// The cause whose id has the given prefix; nil if the word is not such a prefix.
    private func cause(named word: String) throws -> ShownCause? {
        let isID =
            (4...8).contains(word.count) && word.allSatisfy { ("a"..."f").contains($0) || ("0"..."9").contains($0) }
        guard isID, !isPackage(word), let cause = try causes().first(where: { $0.id.hasPrefix(word) }) else {
            return nil
        }
        return ShownCause(cause: cause, cells: try cause.cells.compactMap(state(of:)))
    }

    /// Whether the plan has a package of this name.
    private func isPackage(_ name: String) -> Bool {
        header.columns.contains { !plannedPositions(of: name, in: $0).isEmpty }
    }

    private func state(of cell: Cell) throws -> CellState? {
        try index.contents.position(of: cell).flatMap(index.contents.planned).map { try state(of: $0) }
    }
}
