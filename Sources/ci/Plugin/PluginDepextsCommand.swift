internal import ArgumentParser
internal import Core
internal import Foundation
internal import OpamRepository
internal import PluginHost
internal import PluginMessages
internal import PluginTools
internal import Review

struct PluginDepextsCommand: AsyncParsableCommand, TracedCommand {
    static let configuration = CommandConfiguration(
        commandName: "depexts",
        abstract: "Report what becomes of a repository's depexts on each target.",
        discussion: """
            Counts the names whose filter is true on the target: those that the plugin maps to others, those that are \
            part of its environment, those that it passes through as the distro's own, and those that it does not know.

            With --against, compares the names that the plugin installs, and those that it says do not exist, with the \
            distro's own list of packages, and prints which do not agree. Exits with 1 if there are such. Enter the day in \
            the plugin's 'namesCompared' once all agree.
            """)

    @OptionGroup var trace: LogOption
    @OptionGroup var path: PluginPathOption

    @Option(help: "A repository of opam packages, DIR or DIR@REV; several: the first has precedence.")
    var repository: [String]

    @Option(help: "text, json or csv (one line for each name).")
    var format: OutputFormat = .text

    @Option(
        help: """
            A list of the distro's packages to compare with: one name a line, Debian's Packages, Alpine's APKINDEX, OpenBSD's \
            index.txt or FreeBSD's packagesite.yaml, compressed or not; - for standard input. Needs one target.
            """)
    var against: String?

    @Argument(help: "Targets (default: the newest of each distro).")
    var targets: [String] = []

    func run() async throws {
        let catalog = try path.catalog(in: .current())
        if let against { return try await compare(with: against, catalog) }
        let usage = try DepextUsage(RepositorySet(repository))
        var report: [DepextReport] = []
        for target in try await names(catalog) {
            let (plugin, request) = try await catalog.plugin(serving: target)
            let description = try await plugin.target(request)
            let names = usage.names(where: description.variables)
            let answer = try await plugin.systemPackages(
                SystemPackagesRequest(target: request, names: names.map(\.name)))
            let compared = try await plugin.describe().lastComparison(of: target)
            report.append(DepextReport(target: target, names: names, answer, compared: compared))
        }
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
        try WritableDirectory.checkTemporary()
        let list = try PackageList(reading: path)
        let (plugin, request) = try await catalog.plugin(serving: target)
        let description = try await plugin.target(request)
        let names = try DepextUsage(RepositorySet(repository)).names(where: description.variables).map(\.name)
        let answer = try await plugin.systemPackages(SystemPackagesRequest(target: request, names: names))
        let comparison = NameComparison(
            target: target, against: list, called: path == "-" ? "standard input" : path, packages: answer.packages,
            installed: description.installedPackages ?? [],
            lastCompared: try await plugin.describe().lastComparison(of: target))
        switch format {
        case .text: StandardOutput.print(comparison.text)
        case .json: try printJSON(comparison)
        case .csv: StandardOutput.write(comparison.csv)
        }
        if !comparison.mistakes.isEmpty { throw EarlyExit(status: .notGood) }
    }

    private func names(_ catalog: PluginCatalog) async throws -> [String] {
        guard targets.isEmpty else { return targets }
        var names: [String] = []
        for file in catalog.found.files {
            names += try await catalog.load(file).describe().distributions.compactMap(\.targets.last)
        }
        return names
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

/// What becomes of a repository's depexts on one target.
private struct DepextReport: Encodable {
    struct Name: Encodable {
        var name: String
        var status: SystemPackage.Status
        var packages: [String]
        var reason: String?
        /// Of versions of packages that name it there.
        var users: Int
    }

    var target: String
    var names: [Name]
    /// Versions of packages that name something unknown.
    var blocked: Int
    /// When the plugin's names were last compared with the distro's list.
    var compared: String?

    init(target: String, names: [DepextUsage.Name], _ answer: SystemPackagesAnswer, compared: String?) {
        self.target = target
        self.compared = compared
        self.names = zip(names, answer.packages).map { name, package in
            Name(
                name: name.name, status: package.status, packages: package.packages, reason: package.reason,
                users: name.users.count)
        }
        blocked =
            zip(names, answer.packages).filter { $0.1.status == .unknown }
            .reduce(into: Set<Int>()) { $0.formUnion($1.0.users) }.count
    }

    func count(_ condition: (Name) -> Bool) -> Int {
        names.count(where: condition)
    }

    var csv: String {
        names.map { name in
            let cells = [
                target, name.name, name.status.rawValue, name.packages.joined(separator: " "), "\(name.users)",
            ]
            return cells.map {
                $0.contains { "\",\n".contains($0) } ? "\"" + $0.replacing("\"", with: "\"\"") + "\"" : $0
            }
            .joined(separator: ",") + "\n"
        }.joined()
    }
}

extension PluginDescription {
    /// The day on which the names of a target were last compared with the distro's list; nil: never.
    func lastComparison(of target: String) -> String? {
        distributions.lazy.compactMap { $0.namesCompared?[target] }.first
    }

    /// For all targets: one day, `never`, or each target's.
    var comparisons: String {
        let targets = distributions.flatMap(\.targets)
        let days = targets.map { lastComparison(of: $0) }
        if days.allSatisfy({ $0 == nil }) { return "never" }
        if Set(days).count == 1, let day = days[0] { return day }
        return zip(targets, days).map { "\($0) \($1 ?? "never")" }.joined(separator: ", ")
    }
}
