internal import ArgumentParser
internal import Core
internal import Documents
internal import Review
internal import Store

struct RetryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "Forget verdicts, so that the next run seeks them anew.",
        discussion: """
            A verdict is forgotten by a commit: the history keeps it, and 'ci store undo' brings it back. For a blocked \
            cell the verdict on what blocks it is forgotten too.
            """)

    @OptionGroup var store: StoreOption

    @Option(help: "The deployment (default: the only one there is).")
    var deployment: String?

    @Flag(name: .customLong("dry-run"), help: "Only print what would be forgotten.")
    var dryRun = false

    @Argument(help: "Which cells.")
    var selectors: [SelectorArgument]

    func run() async throws {
        let reader = try ResultsReader(store: store, deployment: deployment)
        let selectors = try selectors.selectors()
        try reader.check(selectors)
        let picked = try reader.states(picked: selectors).filter { $0.outcome != nil && $0.outcome != .unsolvable }
        guard !picked.isEmpty else {
            throw Failure(.input, "no cell with a verdict is picked", hint: "'ci results' lists the cells")
        }
        for (target, paths) in reader.documents(of: picked).sorted(by: { $0.key < $1.key }) {
            let branch = ResultBranch(deployment: reader.header.deployment, target: target)
            let cells = Set(paths.compactMap { reader.tables[target]?.cell(at: $0) })
            for cell in cells.sorted() { StandardOutput.print("\(cell)") }
            guard !dryRun else { continue }
            try await reader.store.transact(Branch(branch.name), "Forget \(count(paths.count, "verdict")) on \(target)")
            {
                for path in paths { try branch.remove(at: path, in: $0) }
            }
        }
    }
}
