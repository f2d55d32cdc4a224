internal import ArgumentParser
internal import Review

struct LogCommand: AsyncParsableCommand, TracedCommand {
    static let configuration = CommandConfiguration(
        commandName: "log", abstract: "Print the log of a cell.",
        discussion: """
            CELL is TARGET/COMPILER/PACKAGE.VERSION, or any selector that matches cells with one log. For a blocked cell, \
            prints the log of what blocks it. Control and invisible characters are shown as ^[ or <U+202E>, and colours are \
            removed, on a terminal and elsewhere: --raw leaves them.
            """)

    @OptionGroup var trace: LogOption
    @OptionGroup var store: StoreOption

    @Option(help: "The deployment (default: the only one).")
    var deployment: String?

    @Flag(help: "Print the bytes as the build printed them, control characters included.")
    var raw = false

    @Flag(help: "Print the log of the build where tests decided the cell.")
    var build = false

    @Argument(help: "Which cell.")
    var cell: SelectorArgument

    func run() async throws {
        let results = try store.results(of: deployment)
        let log = try results.log(of: results.state(picked: cell.selector()), ofBuild: build)
        if let title = log.title { StandardError.print("log of \(title)") }
        if raw {
            StandardOutput.write(raw: log.bytes)
        } else {
            StandardOutput.write(String(decoding: log.bytes, as: UTF8.self))
        }
    }
}
