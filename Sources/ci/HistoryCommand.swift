internal import ArgumentParser
internal import Core
internal import Review

struct HistoryCommand: AsyncParsableCommand, TracedCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "List the results of a cell over time, across the versions of its package.",
        discussion: """
            CELL is TARGET/COMPILER/PACKAGE.VERSION, or a selector that matches one cell. Consecutive equal results \
            share a line, newest first; --all prints a line for each.
            """)

    @OptionGroup var trace: LogOption
    @OptionGroup var store: StoreOption

    @Option(help: "The deployment (default: the only one).")
    var deployment: String?

    @Flag(help: "List every result.")
    var all = false

    @Option(help: "text or json.")
    var format: DocumentFormat = .text

    @Argument(help: "Which cell.")
    var cell: SelectorArgument

    func run() async throws {
        let history = try store.results(of: deployment).history(of: cell.selector())
        switch format {
        case .json: try printJSON(history)
        case .text:
            for line in HistoryText(history, isWhole: all).lines { StandardOutput.print(Terminal.fitting(line)) }
        }
    }
}
