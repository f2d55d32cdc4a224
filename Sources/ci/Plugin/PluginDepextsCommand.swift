internal import ArgumentParser
internal import Core
internal import Foundation
internal import OpamRepository
internal import PluginHost
internal import PluginMessages
internal import PluginTools
internal import Review
internal import System

struct PluginDepextsCommand: AsyncParsableCommand, TracedCommand {
    static let configuration = CommandConfiguration(
        commandName: "depexts",
        abstract: "Report how a repository's depexts are mapped on each target.",
        discussion: """
            Counts the names whose filter is true on the target: those that the plugin maps to others, those that are \
            part of its environment, those that it passes through as the distribution's own, and those that it does not \
            know.

            With --against, compares the names that the plugin installs and those that it declares nonexistent with the \
            distribution's own list of packages, and prints the differences. Exits with 1 if there are any. Once there are \
            none, enter the date in the plugin's 'namesCompared'.
            """)

    @OptionGroup var trace: LogOption
    @OptionGroup var path: PluginPathOption

    @Option(help: "A repository of opam packages, DIR or DIR@REV; may be repeated, the first has precedence.")
    var repository: [String]

    @Option(help: "text, json or csv (one line for each name).")
    var format: OutputFormat = .text

    @Option(
        help: """
            A list of the distribution's packages to compare with: one name per line, Debian's Packages, Alpine's \
            APKINDEX, OpenBSD's index.txt or FreeBSD's packagesite.yaml, compressed or not; - for standard input. Needs one target.
            """)
    var against: String?

    @Argument(help: "Targets (default: the newest of each distribution).")
    var targets: [String] = []

    func run() async throws {
        let catalog = try path.catalog(in: .current())
        if let against { return try await compare(with: against, catalog) }
        let report = try await DepextReport.reports(of: RepositorySet(repository), on: targets, catalog)
        switch format {
        case .text: StandardOutput.print(Self.table(report))
        case .json: try printJSON(report)
        case .csv: StandardOutput.write(report.map(\.csv).joined())
        }
    }

    private func compare(with path: String, _ catalog: PluginCatalog) async throws {
        guard targets.count == 1, let target = targets.first else {
            throw Failure(
                .input, "--against: a list is of one release: expected one target, found \(targets.count)",
                hint: "name it: `ci plugin depexts --against \(path) … debian-12`")
        }
        try WritableDirectory.checkTemporary(Configuration.current().environment.temporaryDirectory)
        let list = try PackageList(reading: path)
        let comparison = try await NameComparison(
            of: RepositorySet(repository), on: target, with: list, called: path == "-" ? "standard input" : path,
            catalog)
        switch format {
        case .text: StandardOutput.print(comparison.text)
        case .json: try printJSON(comparison)
        case .csv: StandardOutput.write(comparison.csv)
        }
        if !comparison.mistakes.isEmpty { throw EarlyExit(status: .notGood) }
    }

    private static func table(_ report: [DepextReport]) -> String {
        var table = TextTable()
        table.add([
            "TARGET", "NAMES", "MAPPED", "INCLUDED", "PASSED THROUGH", "UNKNOWN", "PACKAGES BLOCKED", "COMPARED",
        ])
        for entry in report {
            table.add([
                entry.target, "\(entry.names.count)", "\(entry.count { $0.status == .mapped && !$0.packages.isEmpty })",
                "\(entry.count { $0.status == .mapped && $0.packages.isEmpty })",
                "\(entry.count { $0.status == .passedThrough })", "\(entry.count { $0.status == .unknown })",
                "\(entry.blocked)", entry.compared ?? "never",
            ])
        }
        return table.lines().joined(separator: "\n")
    }
}

extension DepextReport {
    /// The report as CSV, with a line for each name.
    fileprivate var csv: String {
        names.map { name in
            let cells = [
                target, name.name, name.status.rawValue, name.packages.joined(separator: " "), "\(name.users)",
            ]
            return cells.map(csvField).joined(separator: ",") + "\n"
        }.joined()
    }
}
