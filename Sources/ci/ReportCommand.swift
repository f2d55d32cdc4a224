internal import ArgumentParser
internal import Core
internal import Review
internal import Store

struct ReportCommand: AsyncParsableCommand, TracedCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Write the results as files: web pages, JSON and JUnit's XML.",
        discussion: """
            Writes index.html, a page for each target, report.json, junit.xml and the logs of failures into a folder that \
            any web server can serve. SELECTORs pick cells; none picks all. Equal results give equal files. Exits with 0 \
            whatever the results are.
            """)

    @OptionGroup var trace: LogOption
    @OptionGroup var store: StoreOption

    @Option(help: "The deployment (default: the only one).")
    var deployment: String?

    @Option(help: "The directory; created if it does not exist.")
    var output: String

    @Argument(help: "Which cells.")
    var selectors: [SelectorArgument] = []

    func run() async throws {
        let results = try store.results(of: deployment)
        let selectors = try selectors.selectors()
        try results.check(selectors)
        var logs: [String: [UInt8]] = [:]
        let report = Report(plan: results.header, states: try results.states(picked: selectors)) { digest in
            logs[digest.hex] = try? results.store.logs.read(digest)
            return logs[digest.hex] != nil
        }
        try report.write(to: output, logs: logs)
        StandardOutput.print("\(output)/index.html")
    }
}
