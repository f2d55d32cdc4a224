internal import ArgumentParser
internal import Core
internal import Records
internal import Review

struct RetryCommand: AsyncParsableCommand, TracedCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "Discard results, so that the next run rebuilds those cells.",
        discussion: """
            The job that decided the cell runs again: the build if it failed, otherwise the tests if there are any. For a \
            blocked cell, every failed job that it depends on runs again. Jobs that depend on such a job run again if its \
            files have changed. Old results stay visible until there are new ones. The request stays in the store until a run \
            of any deployment fulfils it. A cancelled cell becomes pending.
            """)

    @OptionGroup var trace: LogOption
    @OptionGroup var store: StoreOption

    @Option(help: "The deployment (default: the only one).")
    var deployment: String?

    @Flag(name: .customLong("dry-run"), help: "Print what would run again, and change nothing.")
    var dryRun = false

    @Argument(help: "Which cells.")
    var selectors: [SelectorArgument]

    func run() async throws {
        let results = try store.results(of: deployment)
        let selectors = try selectors.selectors()
        try results.check(selectors)
        let retry = try RetryPlan(
            of: try results.cells(picked: selectors), in: results.documents, of: results.header, store: results.store)
        guard !retry.isEmpty else {
            throw Failure(.input, "no cell with a result matches the selector", hint: "'ci results' lists the cells")
        }
        if !dryRun { try await retry.record(in: results.store) }
        for cell in Set(retry.requests.map(\.cell) + retry.cancelled).sorted() {
            StandardOutput.print("\(cell)")
        }
    }
}
