internal import ArgumentParser
internal import Core
internal import Foundation
internal import PluginHost
internal import PluginTools
internal import Review
internal import Supervision
internal import System
internal import Worker

struct PluginCheckCommand: AsyncParsableCommand, TracedCommand, SandboxingCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check a plugin: its answers about every target, and its behaviour on invalid requests.",
        discussion: """
            The shells of this machine (dash, mksh, bash, zsh) parse its scripts. Scripts that prepare an environment run in \
            a sandbox without network, in which stubs replace package managers; scripts that claim to be idempotent run \
            twice. A check is skipped where this machine lacks what it needs. Exits with 1 if a check fails.
            """)

    @OptionGroup var trace: LogOption
    @Option(help: "text or json.")
    var format: DocumentFormat = .text

    @Argument(help: "The plugin's file, libCiso….so.", completion: .file(extensions: ["so"]))
    var file: String

    func run() async throws {
        let environment = try Configuration.current().environment
        try WritableDirectory.checkTemporary(environment.temporaryDirectory)
        guard let plugin = PluginFile(path: file) else {
            throw Failure(
                .input, "\(file): expected a file named libCisoNAME.so, of letters and digits",
                hint: "plugins are found by their file names")
        }
        guard FileManager.default.fileExists(atPath: file) else {
            throw Failure(.input, "\(file): there is no such file")
        }
        var report = await Conformance.check(
            plugin, host: PluginHostProgram(in: environment), directories: environment.programDirectories)
        if !report.trials.isEmpty {
            let scratch = try ScratchDirectory.temporary(in: environment.temporaryDirectory)
            report.checks.append(await IdempotenceCheck.check(report, in: scratch.path))
        }
        switch format {
        case .json:
            try printJSON(ReportDocument(report))
        case .text: StandardOutput.print(Self.text(report))
        }
        if !report.isConforming { throw EarlyExit(status: .notGood) }
    }

    private static func text(_ report: ConformanceReport) -> String {
        var table = TextTable()
        var problems: [String] = []
        for check in report.checks {
            switch check.status {
            case .passed(let tried): table.add(["ok", check.name, tried])
            case .skipped(let reason): table.add(["skipped", check.name, reason])
            case .failed(let found):
                table.add(["FAILED", check.name, count(found.count, "problem")])
                problems += found.map { "\(check.name): \($0)" }
            }
        }
        var lines = [report.identity.map { "\(report.file): \($0.name) \($0.version), \($0.digest)" } ?? report.file]
        lines += table.lines(indentedBy: 2)
        lines += problems
        let failed = report.checks.count { if case .failed = $0.status { true } else { false } }
        lines.append(failed == 0 ? "conforms" : "does not conform: \(count(failed, "check")) failed")
        return lines.joined(separator: "\n")
    }
}

/// A report as JSON.
private struct ReportDocument: Encodable {
    struct Check: Encodable {
        var name: String
        /// `passed`, `failed` or `skipped`.
        var verdict: String
        /// What was checked, why it was skipped, or each problem found.
        var details: [String]
    }

    var file: String
    var plugin: Plugin.Identity?
    var conforms: Bool
    var checks: [Check]

    init(_ report: ConformanceReport) {
        file = report.file
        plugin = report.identity
        conforms = report.isConforming
        checks = report.checks.map { check in
            switch check.status {
            case .passed(let tried): Check(name: check.name, verdict: "passed", details: [tried])
            case .failed(let problems): Check(name: check.name, verdict: "failed", details: problems)
            case .skipped(let reason): Check(name: check.name, verdict: "skipped", details: [reason])
            }
        }
    }
}
