internal import ArgumentParser
internal import Core
internal import Documents
internal import Foundation
internal import Review

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
        let states = try reader.states(picked: [cell])
        guard let state = states.first else {
            throw Failure(.input, "no cell is picked", hint: "'ci results' lists the cells")
        }
        guard states.count == 1 else {
            let names = states.prefix(5).map(\.cell.description).joined(separator: ", ")
            throw Failure(.input, "\(states.count) cells are picked: \(names) …", hint: "name one of them")
        }
        FileHandle.standardOutput.write(Data(try reader.log(of: state)))
    }
}
