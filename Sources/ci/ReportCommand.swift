internal import ArgumentParser
internal import Core
internal import Documents
internal import Foundation
internal import Review
internal import Store

struct ReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Write the results as files: web pages, JSON and JUnit's XML.",
        discussion: """
            Writes index.html, a page for each target, report.json, junit.xml and the logs of failures into a folder that \
            any web server can serve. SELECTORs pick cells; none picks all. Equal results give equal files. Exits with 0 \
            whatever the results are.
            """)

    @OptionGroup var store: StoreOption

    @Option(help: "The deployment (default: the only one there is).")
    var deployment: String?

    @Option(help: "The folder; made where it is not there.")
    var output: String

    @Argument(help: "Which cells.")
    var selectors: [SelectorArgument] = []

    func run() async throws {
        let reader = try ResultsReader(store: store, deployment: deployment)
        let selectors = try selectors.selectors()
        try reader.check(selectors)
        var logs: [String: [UInt8]] = [:]
        let report = Report(plan: reader.header, states: try reader.states(picked: selectors)) { digest in
            logs[digest.hex] = try? reader.store.logs.read(digest)
            return logs[digest.hex] != nil
        }
        // The pages come last, so that none refers to a log that is not there yet.
        for (digest, log) in logs {
            try write(Data(String(decoding: log, as: UTF8.self).displayable.utf8), to: Report.logName(digest))
        }
        for file in try report.files().reversed() { try write(Data(file.text.utf8), to: file.name) }
        StandardOutput.print("\(output)/index.html")
    }

    /// Writes a file aside, then puts it in its place.
    private func write(_ contents: Data, to name: String) throws {
        let file = URL(filePath: output).appending(path: name)
        do {
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try contents.write(to: file, options: .atomic)
        } catch {
            throw Failure(
                .unavailable, "cannot write '\(file.path)': \(systemReason(of: error) ?? "\(error)")",
                hint: "--output names a folder that can be written and has space")
        }
    }
}
