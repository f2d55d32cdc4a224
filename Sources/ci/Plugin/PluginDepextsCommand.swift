internal import ArgumentParser
internal import Core
internal import Foundation
internal import OpamRepository
internal import PluginHost
internal import PluginMessages
internal import Review

struct PluginDepextsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "depexts",
        abstract: "Report what becomes of a repository's depexts on each target.",
        discussion: """
            Counts the names whose filter is true on the target: those that the plugin maps to others, those that are \
            part of its environment, those that it passes through as the distro's own, and those that it does not know.
            """)

    @OptionGroup var path: PluginPathOption

    @Option(help: "A repository of opam packages, DIR or DIR@REV; several: the first has precedence.")
    var repository: [String]

    @Option(help: "text, json or csv (one line for each name).")
    var format: OutputFormat = .text

    @Argument(help: "Targets (default: the newest of each distro).")
    var targets: [String] = []

    func run() async throws {
        let catalog = try path.catalog(in: .current())
        let usage = try DepextUsage(RepositorySet(repository))
        var report: [DepextReport] = []
        for target in try await names(catalog) {
            let (plugin, request) = try await catalog.plugin(serving: target)
            let description = try await plugin.target(request)
            let names = usage.names(where: description.variables)
            let answer = try await plugin.systemPackages(
                SystemPackagesRequest(target: request, names: names.map(\.name)))
            report.append(DepextReport(target: target, names: names, answer))
        }
        switch format {
        case .text: StandardOutput.print(Self.table(report))
        case .json: try printJSON(report)
        case .csv: StandardOutput.write(report.map(\.csv).joined())
        }
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
        table.add(["TARGET", "NAMES", "MAPPED", "INCLUDED", "PASSED THROUGH", "UNKNOWN", "PACKAGES BLOCKED"])
        for entry in report {
            table.add([
                entry.target, "\(entry.names.count)", "\(entry.count { $0.status == .mapped && !$0.packages.isEmpty })",
                "\(entry.count { $0.status == .mapped && $0.packages.isEmpty })",
                "\(entry.count { $0.status == .passedThrough })", "\(entry.count { $0.status == .unknown })",
                "\(entry.blocked)",
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

    init(target: String, names: [DepextUsage.Name], _ answer: SystemPackagesAnswer) {
        self.target = target
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
