internal import ArgumentParser
internal import Core
internal import Model
internal import Review

struct LogCommand: AsyncParsableCommand, TracedCommand {
    static let configuration = CommandConfiguration(
        commandName: "log", abstract: "Print the log of a cell.",
        discussion: """
            CELL is TARGET/COMPILER/PACKAGE.VERSION, or any selector that matches cells with one log. For a blocked cell, \
            prints the log of the cell that blocks it. On a terminal, $PAGER (default: less) shows the lines around the error, \
            then the whole log; otherwise the whole log is printed. Control and invisible characters are shown as ^[ or \
            <U+202E> and colours are removed, unless --raw is given.
            """)

    @OptionGroup var trace: LogOption
    @OptionGroup var store: StoreOption

    @Option(help: "The deployment (default: the only one).")
    var deployment: String?

    @Flag(help: "Print the bytes unchanged, with control characters.")
    var raw = false

    @Flag(help: "Print the log of the build if the tests decided the cell.")
    var build = false

    @Option(help: "Print only what this phase printed: \(Phase.allCases.map(\.rawValue).joined(separator: ", ")).")
    var phase: Phase?

    @Option(
        help: "Print the log of this attempt, counted from 1 (default: the last).", transform: number(in: 1...Int.max))
    var attempt: Int?

    @Flag(
        name: .shortAndLong, help: "Print the log while the job runs; wait for a job that has not started."
    )
    var follow = false

    @Flag(name: .customLong("no-pager"), help: "Print on the terminal without a pager.")
    var noPager = false

    @Argument(help: "Which cell.")
    var cell: SelectorArgument

    func validate() throws {
        if follow, phase != nil || attempt != nil {
            throw ValidationError("--follow prints the whole log of the running job: omit --phase and --attempt")
        }
    }

    func run() async throws {
        let results = try store.results(of: deployment)
        if follow {
            let follower = try LogFollower(of: cell.selector(), ofBuild: build, in: results)
            return try await FollowedLog(isRaw: raw).show(follower)
        }
        let choice = LogChoice(isOfBuild: build, attempt: attempt, phase: phase)
        let state = try results.state(picked: cell.selector())
        let log = try results.log(of: state, choice)
        if let title = log.title { StandardError.print("log of \(title)") }
        if state.retry == true { StandardError.print("\(state.cell) will run again: this is the old log") }
        if raw {
            StandardOutput.write(raw: log.bytes)
        } else if Terminal.printsToTerminal {
            showOnTerminal(log, of: state)
        } else {
            Self.forEachPiece(of: log.bytes) {
                StandardOutput.write($0)
                return true
            }
        }
    }

    private func showOnTerminal(_ log: JobLogText, of state: CellState) {
        let pieces = { (show: (String) -> Bool) in
            let head = Self.head(log, of: state)
            guard head.isEmpty || show(head) else { return }
            Self.forEachPiece(of: log.bytes, show)
        }
        if !noPager, let pager = Pager(), pager.show(pieces) { return }
        pieces {
            StandardOutput.write($0)
            return true
        }
    }

    /// A header that shows the lines around the error.
    private static func head(_ log: JobLogText, of state: CellState) -> String {
        guard let region = log.errorRegion else { return "" }
        let lines =
            ["\(state.cell): \(state.words)", "\(region.location):", ""] + region.text + ["", "the whole log:", ""]
        return lines.map { $0 + "\n" }.joined()
    }

    private static func forEachPiece(of bytes: [UInt8], _ body: (String) -> Bool) {
        var pieces = TextPieces()
        for piece in bytes.chunks(ofCount: pieceSize) {
            let text = pieces.append(piece)
            guard text.isEmpty || body(text) else { return }
        }
        let rest = pieces.finish()
        if !rest.isEmpty { _ = body(rest) }
    }

    /// The number of bytes that are converted for display at a time, so that nothing is converted after the reader has
    /// quit.
    private static let pieceSize = 1 << 18
}
