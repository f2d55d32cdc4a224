internal import ArgumentParser
internal import Core
internal import Review

struct ResultsCommand: AsyncParsableCommand, TracedCommand {
    static let configuration = CommandConfiguration(
        commandName: "results",
        abstract: "Print the results, a table for each target.",
        discussion: """
            Exits with 1 if some required cell is not good, with 3 if one was failed by the infrastructure. SELECTORs pick \
            cells; none picks all.
            """)

    @OptionGroup var trace: LogOption
    @OptionGroup var store: StoreOption

    @Option(help: "The deployment (default: the only one).")
    var deployment: String?

    @Option(help: "text, json or csv.")
    var format: OutputFormat = .text

    @Argument(help: "Which cells.")
    var selectors: [SelectorArgument] = []

    func run() async throws {
        let results = try store.results(of: deployment)
        let selectors = try selectors.selectors()
        try results.check(selectors)
        let states = try results.states(picked: selectors)
        try CellPrinter(format: format).print(states)
        if let exit = EarlyExit(of: states) { throw exit }
    }
}
