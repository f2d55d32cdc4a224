internal import ArgumentParser
internal import Core
internal import Documents
internal import Records
internal import Review
internal import Store

struct CancelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "Cancel pending cells, and cells that are to be retried.",
        discussion: """
            A cancelled cell is not run until 'ci retry' picks it or its jobs change. A 'ci run' that goes on in another \
            process stops the jobs that only cancelled cells need.
            """)

    @OptionGroup var store: StoreOption

    @Option(help: "The deployment (default: the only one there is).")
    var deployment: String?

    @Flag(name: .customLong("dry-run"), help: "Only print what would be cancelled.")
    var dryRun = false

    @Argument(help: "Which cells.")
    var selectors: [SelectorArgument]

    func run() async throws {
        let reader = try ResultsReader(store: store, deployment: deployment)
        let selectors = try selectors.selectors()
        try reader.check(selectors)
        let pending = try reader.cells(picked: selectors).filter {
            let state = reader.state(of: $0)
            // A cell without a solution has no recorded verdict until a run records the plan's.
            let isRecorded = reader.result(of: $0.cell).map($0.isDecided(by:)) ?? false
            return state.state == "pending" || state.retry == true || state.outcome == .unsolvable && !isRecorded
        }
        let superseded = try SupersededResults(in: reader.store)
        guard !pending.isEmpty else {
            throw Failure(.input, "no cell without a verdict is picked", hint: "'ci results' lists the cells")
        }
        for (target, cells) in Dictionary(grouping: pending, by: \.cell.target).sorted(by: { $0.key < $1.key }) {
            for cell in cells { StandardOutput.print("\(cell.cell)") }
            guard !dryRun else { continue }
            let branch = ResultBranch(deployment: reader.header.deployment, target: target)
            let results = cells.map { result(for: $0, in: reader.header) }
            let message =
                results.count == 1 ? results[0].message : "Cancel \(count(results.count, "cell")) on \(target)"
            try await reader.store.transact(Branch(branch.name), message) { transaction in
                for (cell, result) in zip(cells, results) {
                    let path = ResultPath.cell(result.cell)
                    // A run may have been faster.
                    let known = try transaction.value(CellResult.self, at: StorePath(path))
                    if let known, cell.isDecided(by: known), !superseded.contains(known) { continue }
                    try branch.write(result, at: path, in: transaction)
                }
            }
        }
    }

    private func result(for cell: PlannedCell, in plan: PlanHeader) -> CellResult {
        var job: Digest?
        if case .jobs(let build, let test) = cell.basis { job = test ?? build }
        var result = CellResult(
            cell: cell.cell, job: job, outcome: .cancelled, repositories: plan.repositories.map(\.commit))
        result.reason = "cancelled by 'ci cancel'"
        return result
    }
}
