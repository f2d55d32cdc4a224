internal import ArgumentParser
internal import Model
internal import Review
internal import System

struct CancelCommand: AsyncParsableCommand, TracedCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "Cancel pending cells, and cells that are to be retried.",
        discussion: """
            A cancelled cell is not run until 'ci retry' picks it or its jobs change. A 'ci run' that goes on in another \
            process stops the jobs that only cancelled cells need.
            """)

    @OptionGroup var trace: LogOption
    @OptionGroup var store: StoreOption

    @Option(help: "The deployment (default: the only one).")
    var deployment: String?

    @Flag(name: .customLong("dry-run"), help: "Print what would be cancelled, and change nothing.")
    var dryRun = false

    @Argument(help: "Which cells.")
    var selectors: [SelectorArgument]

    func run() async throws {
        let results = try store.results(of: deployment)
        let cancellation = try Cancellation(of: selectors.selectors(), in: results)
        for cell in cancellation.cells { StandardOutput.print("\(cell.cell)") }
        if !dryRun { try await cancellation.record() }
    }
}
