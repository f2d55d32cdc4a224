internal import ArgumentParser
internal import Model
internal import Review
internal import System

struct CancelCommand: AsyncParsableCommand, TracedCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "Cancel pending cells, cells waiting for a retry, or submitted tasks.",
        discussion: """
            A cancelled cell is not run until 'ci retry' picks it or its jobs change. A 'ci run' in another process stops the \
            jobs that only cancelled cells need. A cancelled task is not planned or run; if it is running, its jobs are \
            stopped and its cells stay pending.
            """)

    @OptionGroup var trace: LogOption
    @OptionGroup var store: StoreOption

    @Option(help: "The deployment (default: the only one).")
    var deployment: String?

    @Flag(name: .customLong("dry-run"), help: "Print what would be cancelled, and change nothing.")
    var dryRun = false

    @Option(name: .customLong("task"), help: "A submitted task, by its name; may be repeated.")
    var tasks: [String] = []

    @Argument(help: "Which cells.")
    var selectors: [SelectorArgument] = []

    func validate() throws {
        if tasks.isEmpty, selectors.isEmpty { throw ValidationError("give a SELECTOR or --task NAME") }
    }

    func run() async throws {
        if !tasks.isEmpty {
            let store = try store.open()
            for task in tasks {
                if !dryRun { try TaskSummary.cancel(task, in: store) }
                StandardOutput.print(task)
            }
        }
        if selectors.isEmpty { return }
        let results = try store.results(of: deployment)
        let cancellation = try Cancellation(of: selectors.selectors(), in: results)
        for cell in cancellation.cells { StandardOutput.print("\(cell.cell)") }
        if !dryRun { try await cancellation.record() }
    }
}
