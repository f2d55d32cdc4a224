internal import ArgumentParser
internal import Core
internal import Review

struct BisectCommand: AsyncParsableCommand, TracedCommand, SandboxingCommand {
    static let configuration = CommandConfiguration(
        commandName: "bisect",
        abstract: "Find what made a cell bad: what changed since it was good.",
        discussion: """
            Compares the recorded inputs of the last good result of the cell and of the first bad one after it: the package, \
            its dependencies, sources, the repositories, the plugin, the environment, limits. Runs nothing and needs no network. \
            With --run, plans MATRIX at commits in between, of a repository or of the source of a pin, and builds the cell at \
            them, until one commit is left. These builds are recorded separately, under DEPLOYMENT@bisect, so that they do not change the results and \
            another bisection does not repeat them.
            """)

    @OptionGroup var trace: LogOption
    @OptionGroup var store: StoreOption
    @OptionGroup var messages: OutputOptions
    @OptionGroup var machine: RunnerOptions
    @OptionGroup var repositories: RepositoryOptions

    @Option(help: "The deployment (default: the only one).")
    var deployment: String?

    @Option(
        name: .customLong("run"),
        help: ArgumentHelp("Build the commits in between, planned by this matrix.", valueName: "matrix"))
    var matrix: String?

    @OptionGroup var jobs: JobsOption

    @Option(help: "text or json.")
    var format: DocumentFormat = .text

    @Argument(help: "Which cell.")
    var cell: SelectorArgument

    func run() async throws {
        let results = try store.results(of: deployment)
        let report = try results.bisect(cell.selector())
        guard let matrix else { return try show(report) }
        if format == .text {
            for line in BisectText(report).lines where !messages.quiet { StandardError.print(line) }
        }
        let search = try await CommitSearch(self, matrix: matrix, report, results)
        let found = try await search.run()
        switch format {
        case .json: try printJSON(found)
        case .text: for line in found.lines { StandardOutput.print(Terminal.fitting(line)) }
        }
        if found.commits.count != 1 { throw EarlyExit(status: .infrastructure) }
    }

    private func show(_ report: BisectReport) throws {
        switch format {
        case .json: try printJSON(report)
        case .text: for line in BisectText(report).lines { StandardOutput.print(Terminal.fitting(line)) }
        }
    }
}
