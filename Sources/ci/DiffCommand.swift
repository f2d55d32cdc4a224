internal import ArgumentParser
internal import Core
internal import Model
internal import Review

struct DiffCommand: AsyncParsableCommand, TracedCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Compare two states of the results, or two columns.",
        discussion: """
            A and B are each a run (12, last, last~1), a date in UTC (2026-11-28, which is the end of that day, or \
            2026-11-28T03:10), a plan (plan:COMMIT, or a commit of a package repository that was planned), a commit of a branch \
            of results in git's syntax, a target (debian-12) or a column (debian-12/5.3.0, of unikernels debian-12/5.3.0@spt) \
            as they are now, or now. Of two columns the failures are listed that only one of them has. Prints the totals first, then the causes; --all prints \
            every cell. Exits with 1 if some cell is good in A and not in B.
            """)

    @OptionGroup var trace: LogOption
    @OptionGroup var store: StoreOption

    @Option(help: "The deployment (default: the only one).")
    var deployment: String?

    @Option(help: "text, json or csv.")
    var format: OutputFormat = .text

    @Flag(help: "List every cell.")
    var all = false

    @Argument(help: "The state before.")
    var before: String

    @Argument(help: "The state after.")
    var after: String

    func run() async throws {
        let results = try store.results(of: deployment)
        let (old, new) = try (results.side(named: before), results.side(named: after))
        let difference = try results.difference(from: old, to: new, hasReasons: all || format != .text)
        switch format {
        case .json: try printJSON(difference.changes)
        case .csv: printCSV(difference.changes)
        case .text:
            let text = DifferenceText(difference, before: old.title, after: new.title) {
                try results.reason(of: $0, in: new)
            }
            for line in all ? text.allLines : try text.lines() { StandardOutput.print(Terminal.fitting(line)) }
        }
        if difference.isWorse { throw EarlyExit(status: .notGood) }
    }

    private func printCSV(_ changes: [Difference.Change]) {
        StandardOutput.print("cell,verdict,before,after,reason,package-before,cause,signature")
        for change in changes {
            let fields = [
                change.cell.description, change.kind.rawValue, change.before, change.after, change.reason,
                change.packageBefore?.description, change.cause?.description, change.signature,
            ]
            StandardOutput.print(fields.map { csvField($0 ?? "") }.joined(separator: ","))
        }
    }
}
