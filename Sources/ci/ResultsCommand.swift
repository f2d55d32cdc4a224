internal import ArgumentParser
internal import Core
internal import Documents
internal import Review

struct ResultsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "results",
        abstract: "Print the results, a table for each target.",
        discussion: "Exits with 1 if some required cell is not good. SELECTORs pick cells; none picks all.")

    @OptionGroup var store: StoreOption

    @Option(help: "The deployment (default: the only one there is).")
    var deployment: String?

    @Option(help: "text, json or csv.")
    var format: OutputFormat = .text

    @Argument(help: "Which cells.", transform: selector)
    var selectors: [Selector] = []

    func run() async throws {
        let reader = try ResultsReader(store: store, deployment: deployment)
        let states = try reader.states(picked: selectors)
        if states.isEmpty, !selectors.isEmpty {
            StandardError.print("no cell is picked by \(selectors.map(\.description).joined(separator: " "))")
        }
        try CellPrinter(format: format).print(states)
        if states.contains(where: \.isRequiredAndNotGood) { throw Ending(status: .notGood) }
    }
}
