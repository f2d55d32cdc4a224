internal import ArgumentParser
internal import Core
internal import Review

struct ResultsCommand: AsyncParsableCommand, TracedCommand {
    static let configuration = CommandConfiguration(
        commandName: "results",
        abstract: "Summarize the results: how many cells are good, and why the others are not.",
        discussion: """
            Prints the causes that affect the most cells, across targets. --all prints a table for each target instead. \
            Exits with 1 if a required cell is not good, with 3 if one has an infrastructure failure or is blocked by one. \
            SELECTORs pick cells; without any, all cells are picked.
            """)

    @OptionGroup var trace: LogOption
    @OptionGroup var store: StoreOption

    @Option(help: "The deployment (default: the only one).")
    var deployment: String?

    @Option(help: "text, json or csv.")
    var format: OutputFormat = .text

    @Flag(help: "Print a table for each target, with every cell.")
    var all = false

    @Argument(help: "Which cells.")
    var selectors: [SelectorArgument] = []

    func run() async throws {
        let results = try store.results(of: deployment)
        let selectors = try selectors.selectors()
        try results.check(selectors)
        if format == .text, !all {
            SummaryPrinter.print(try results.summary(picked: selectors, causes: SummaryText.causes))
        } else {
            try CellPrinter(format: format).print(results.states(picked: selectors))
        }
        if let exit = EarlyExit(of: try results.overallState(picked: selectors)) { throw exit }
    }
}
