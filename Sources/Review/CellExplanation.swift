internal import Core
package import Git
package import Model
package import Records

/// The reason for a cell's state, and since when it has it.
package struct CellExplanation: Codable, Sendable {
    /// The cell with its state.
    package var cell: CellState
    /// The package versions that the job depended on, sorted by name.
    package var inputs: [PackageVersion]
    /// Other cells of the plan that fail with the same signature.
    package var alike: [Cell]
    /// Cells that this one blocks.
    package var blocks: [Cell]
    /// Commits of the repositories.
    package var repositories: [String]
    /// The commit of the results branch since which the result has been the same.
    package var since: String?

    /// - Parameters:
    ///   - states: The states of all failed and blocked cells of the plan; others are ignored.
    ///   - since: The commit since which the recorded result has been the same; nil if there is none.
    package init(_ state: CellState, among states: [CellState], plan: PlanDocuments, since: ObjectID?) throws {
        cell = state
        let job = try state.job.flatMap(Digest.init(hex:)).flatMap { try plan.job($0) }
        inputs = try (job?.inputs ?? []).compactMap { try plan.job($0)?.package }.sorted()
        alike = states.filter {
            $0.signature != nil && $0.signature == state.signature && $0.cell != state.cell
        }.map(\.cell)
        let (target, compiler) = (state.cell.target, state.cell.compiler)
        blocks = states.filter {
            $0.blockedBy == state.cell.package && $0.cell.target == target && $0.cell.compiler == compiler
        }.map(\.cell).sorted()
        let header = try plan.header()
        repositories = (header?.repositories ?? []).map { "\($0.location) \($0.commit)" }
        self.since = since?.description
    }

    /// The explanation as lines of text.
    package var lines: [String] {
        var lines = [
            "\(cell.cell): \(cell.blockedBy == nil ? cell.words : cell.state + cell.infrastructureWords + cell.retryWords)"
        ]
        if let reason = cell.reason { lines += reason.split(separator: "\n").map { "  \($0)" } }
        if let accepted = cell.acceptanceWords { lines.append("accepted: \(accepted)") }
        if let blockedBy = cell.blockedBy {
            let blocker = Cell(target: cell.cell.target, compiler: cell.cell.compiler, package: blockedBy)
            lines.append("blocked by: \(blocker)")
        }
        if let signature = cell.signature { lines.append("signature: \(signature)") }
        lines += list("the same failure", alike)
        lines += list("blocks", blocks)
        if !inputs.isEmpty { lines.append("built over: " + inputs.map(\.description).joined(separator: " ")) }
        lines += repositories.map { "repository: \($0)" }
        if let since { lines.append("since: \(since)") }
        if let job = cell.job { lines.append("job: \(job)" + kind) }
        if let log = cell.log { lines.append("log: \(log)" + kind) }
        return lines
    }

    private var kind: String { cell.kind == .test ? " (test)" : "" }

    private func list(_ title: String, _ cells: [Cell]) -> [String] {
        guard !cells.isEmpty else { return [] }
        let shown = cells.prefix(10).map(\.description).joined(separator: " ")
        return ["\(title): \(cells.count): \(shown)" + (cells.count > 10 ? " …" : "")]
    }
}
