internal import ArgumentParser
internal import Core
internal import Pages
internal import Review
internal import Store

struct ReportCommand: AsyncParsableCommand, TracedCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Write the results as files: web pages, JSON and JUnit XML.",
        discussion: """
            Writes index.html and the pages that it links to, report.json, junit.xml and the logs of failures into a directory \
            that can be viewed in place or put on any web server. SELECTORs pick cells; without any, all cells are picked. \
            Equal results give equal files, unchanged files are not rewritten, and those of an earlier report that are no longer \
            part of it are removed. Exits with 0 regardless of the results.
            """)

    @OptionGroup var trace: LogOption
    @OptionGroup var store: StoreOption
    @OptionGroup var messages: OutputOptions

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
        let site = try Site(results, picked: selectors)
        let report = Report(plan: results.header, states: site.states, causes: site.causes)
        let written = try site.write(
            to: output,
            with: [
                Site.File("report.json", report.jsonDocument), Site.File("junit.xml", report.junitDocument),
            ], cache: store.indexCache())
        if messages.verbose { StandardError.print("\(count(written, "file")) new, changed or removed") }
        StandardOutput.print("\(output)/index.html")
    }
}
