internal import ArgumentParser
internal import Core
internal import Documents
internal import Review

struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Say why a cell is as it is, since when, and what else is like it.")

    @OptionGroup var store: StoreOption

    @Option(help: "The deployment (default: the only one there is).")
    var deployment: String?

    @Option(help: "text or json.")
    var format: DocumentFormat = .text

    @Argument(help: "Which cell.")
    var cell: SelectorArgument

    func run() async throws {
        let reader = try ResultsReader(store: store, deployment: deployment)
        let state = try reader.state(picked: cell.selector())
        let bad = try reader.states(picked: [.outcome(.failure), .outcome(.blocked)])
        let explanation = try CellExplanation(state, among: bad, plan: reader.documents, store: reader.store)
        if format == .json {
            try printJSON(explanation)
        } else {
            for line in explanation.lines { StandardOutput.print(line) }
        }
    }
}
