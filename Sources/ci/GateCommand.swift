internal import ArgumentParser
internal import Core
internal import Review

struct GateCommand: AsyncParsableCommand, TracedCommand {
    static let configuration = CommandConfiguration(
        commandName: "gate",
        abstract: "Decide whether the required cells may pass: a check for a pipeline.",
        discussion: """
            Without --base every required cell must be good, or fail as the matrix accepts it. With --base only regressions \
            from that run count: cells that were good there and are not now, and new cells that are not good. A cell without a \
            good result does not pass: one that is pending, cancelled, waiting for a retry, has an infrastructure failure, or \
            is in the base but missing in the plan. SELECTORs pick cells; without any, all cells are picked. Reads recorded \
            results and runs nothing.

            Exits with 0 if the cells pass, with 1 if there is a regression, with 3 if there is none but a required cell is \
            undecided, with 2 if the selection has no required cell.
            """)

    @OptionGroup var trace: LogOption
    @OptionGroup var store: StoreOption

    @Option(help: "The deployment (default: the only one).")
    var deployment: String?

    @Option(
        help: ArgumentHelp(
            "Compare with this state: a run, a date, a plan or a commit, as in 'ci diff'.", valueName: "run"))
    var base: String?

    @Flag(name: .customLong("allow-empty"), help: "Pass if the selection has no required cell.")
    var allowEmpty = false

    @Flag(name: .customLong("allow-missing"), help: "Let cells pass that the base has and the plan no longer has.")
    var allowMissing = false

    @Flag(help: "List every cell.")
    var all = false

    @Option(help: "text or json.")
    var format: DocumentFormat = .text

    @Argument(help: "Which cells.")
    var selectors: [SelectorArgument] = []

    func run() async throws {
        let results = try store.results(of: deployment)
        let selectors = try selectors.selectors()
        let gate = try results.gate(
            selectors, base: base, allowsMissing: allowMissing, listsAll: all || format == .json)
        guard gate.required > 0 || allowEmpty else {
            throw Failure(
                .input, "no required cell is selected, so there is nothing to decide",
                hint: "--allow-empty passes; 'ci results' lists the cells")
        }
        switch format {
        case .json: try printJSON(gate)
        case .text: for line in GateText(gate, isWhole: all).lines { StandardOutput.print(Terminal.fitting(line)) }
        }
        switch gate.decision {
        case .pass: break
        case .regression: throw EarlyExit(status: .notGood)
        case .undecided: throw EarlyExit(status: .infrastructure)
        }
    }
}
