internal import ArgumentParser
internal import Core
internal import Model
internal import Review

struct DiffCommand: AsyncParsableCommand, TracedCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "List cells whose result differs between A and B.",
        discussion: """
            A and B are each a target (debian-12), a column (debian-12/5.3.0), or a revision of a branch of results in \
            git's syntax (results/opam/debian-12~20, a commit). Exits with 1 if some cell is good in A and not in B.
            """)

    @OptionGroup var trace: LogOption
    @OptionGroup var store: StoreOption

    @Option(help: "The deployment (default: the only one).")
    var deployment: String?

    @Option(help: "text, json or csv.")
    var format: OutputFormat = .text

    @Argument(help: "The state before.")
    var before: String

    @Argument(help: "The state after.")
    var after: String

    func run() async throws {
        let results = try store.results(of: deployment)
        let difference = try Difference(from: results.side(named: before), to: results.side(named: after))
        try show(difference.changes)
        if difference.changes.contains(where: { $0.verdict == .broken }) { throw EarlyExit(status: .notGood) }
    }

    private func show(_ changes: [Difference.Change]) throws {
        switch format {
        case .json:
            try printJSON(changes)
        case .csv:
            StandardOutput.print("cell,verdict,before,after,reason")
            for change in changes {
                let fields = [
                    change.cell.description, change.verdict.rawValue, change.before, change.after, change.reason,
                ]
                StandardOutput.print(fields.map { csvField($0 ?? "") }.joined(separator: ","))
            }
        case .text:
            var table = TextTable()
            for change in changes {
                table.add([
                    change.verdict.rawValue, change.cell.description,
                    "\(change.before ?? "none") → \(change.after ?? "none")", change.reason ?? "",
                ])
            }
            for line in table.lines() { StandardOutput.print(line) }
        }
    }
}
