internal import ArgumentParser
internal import Documents
internal import Foundation

struct LogCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log", abstract: "Print the log of a cell.",
        discussion: """
            CELL is TARGET/COMPILER/PACKAGE.VERSION, or any selector that picks cells with one log. A blocked cell shows \
            the log of what blocks it.
            """)

    @OptionGroup var store: StoreOption

    @Option(help: "The deployment (default: the only one there is).")
    var deployment: String?

    @Argument(help: "Which cell.", transform: selector)
    var cell: Selector

    func run() async throws {
        let reader = try ResultsReader(store: store, deployment: deployment)
        let state = try reader.state(picked: cell)
        FileHandle.standardOutput.write(Data(try reader.log(of: state)))
    }
}
