internal import ArgumentParser
internal import Core
internal import Glibc
internal import Review

struct ShowCommand: AsyncParsableCommand, TracedCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract:
            "Show a cause, a cell, a package, a run, a maintainer, a target, or the cells that match a selector.",
        discussion: """
            WHAT is the id of a cause as 'ci results' prints it, 'causes' for all of them, a run (12, last, last~1), TARGET, \
            TARGET/COMPILER, TARGET/COMPILER/PACKAGE.VERSION, PACKAGE, PACKAGE.VERSION, the address or name of a maintainer, \
            or a selector.
            """)

    @OptionGroup var trace: LogOption
    @OptionGroup var store: StoreOption

    @Option(help: "The deployment (default: the only one).")
    var deployment: String?

    @Flag(help: "Print all lines; without it at most 24, as wide as the terminal.")
    var all = false

    @Option(help: "text or json.")
    var format: DocumentFormat = .text

    @Argument(help: "What to show.")
    var what: String

    func run() async throws {
        let shown = try store.results(of: deployment).shown(what)
        guard format == .text else { return try printJSON(shown) }
        let text = ShownText(shown, width: Terminal.columns(of: STDOUT_FILENO), isWhole: all)
        for line in text.lines { StandardOutput.print(line) }
    }

    private func printJSON(_ shown: Shown) throws {
        switch shown {
        case .cell(let cell): try ci.printJSON(cell)
        case .package(let package): try ci.printJSON(package)
        case .cause(let cause): try ci.printJSON(cause)
        case .causes(let causes): try ci.printJSON(causes)
        case .run(let run): try ci.printJSON(run)
        case .maintainer(let packages): try ci.printJSON(packages)
        case .summary(let summary): try ci.printJSON(summary)
        }
    }
}
