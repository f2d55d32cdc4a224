internal import ArgumentParser
internal import Core
internal import Review

struct ExplainCommand: AsyncParsableCommand, TracedCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Explain the state of a cell: the reason, since when, and which other cells are affected.")

    @OptionGroup var trace: LogOption
    @OptionGroup var store: StoreOption

    @Option(help: "The deployment (default: the only one).")
    var deployment: String?

    @Option(help: "text or json.")
    var format: DocumentFormat = .text

    @Argument(help: "Which cell.")
    var cell: SelectorArgument

    func run() async throws {
        let explanation = try store.results(of: deployment).explanation(of: cell.selector())
        if format == .json {
            try printJSON(explanation)
        } else {
            for line in explanation.lines { StandardOutput.print(line) }
        }
    }
}
