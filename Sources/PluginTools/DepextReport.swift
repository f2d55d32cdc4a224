package import OpamRepository
package import PluginHost
package import PluginMessages

/// The resolution of a repository's depexts on one target.
package struct DepextReport: Encodable, Sendable {
    /// The resolution of one name.
    package struct Name: Encodable, Sendable {
        /// The name in `depexts`.
        package var name: String
        /// The plugin's resolution.
        package var status: SystemPackage.Status
        /// The distribution's names.
        package var packages: [String]
        /// Why the name is unknown.
        package var reason: String?
        /// The number of package versions that use it.
        package var users: Int
    }

    /// The target's name.
    package var target: String
    /// All names whose filter is true on the target.
    package var names: [Name]
    /// The number of package versions that use an unknown name.
    package var blocked: Int
    /// The date on which the plugin's names were last compared with the distribution's list.
    package var compared: String?

    /// A report for each target.
    ///
    /// - Parameter targets: the targets; if empty, the newest of each distribution that has a plugin.
    /// - Throws: `Failure` if no plugin serves a target, or a plugin or the repository cannot be used.
    package static func reports(
        of repositories: RepositorySet, on targets: [String], _ catalog: PluginCatalog
    ) async throws -> [DepextReport] {
        let usage = try DepextUsage(repositories)
        var reports: [DepextReport] = []
        for target in try await targets.isEmpty ? newestTargets(of: catalog) : targets {
            let answer = try await TargetDepexts(of: usage, on: target, catalog)
            reports.append(DepextReport(answer))
        }
        return reports
    }

    private static func newestTargets(of catalog: PluginCatalog) async throws -> [String] {
        var names: [String] = []
        for file in catalog.found.files {
            names += try await catalog.load(file).describe().distributions.compactMap(\.targets.last)
        }
        return names
    }

    private init(_ answer: TargetDepexts) {
        target = answer.target
        compared = answer.lastCompared
        names = zip(answer.names, answer.packages).map { name, package in
            Name(
                name: name.name, status: package.status, packages: package.packages, reason: package.reason,
                users: name.users.count)
        }
        blocked =
            zip(answer.names, answer.packages).filter { $0.1.status == .unknown }
            .reduce(into: Set<Int>()) { $0.formUnion($1.0.users) }.count
    }

    /// The number of names that satisfy a condition.
    package func count(_ condition: (Name) -> Bool) -> Int {
        names.count(where: condition)
    }
}

/// A repository's depexts, and their resolution by a plugin on one target.
private struct TargetDepexts {
    let target: String
    let names: [DepextUsage.Name]
    let packages: [SystemPackage]
    /// The packages that the bootstrap installs.
    let installed: [String]
    let lastCompared: String?

    init(of usage: DepextUsage, on target: String, _ catalog: PluginCatalog) async throws {
        self.target = target
        let (plugin, request) = try await catalog.plugin(serving: target)
        let description = try await plugin.target(request)
        names = usage.names(where: description.variables)
        packages = try await plugin.systemPackages(
            SystemPackagesRequest(target: request, names: names.map(\.name))
        ).packages
        installed = description.installedPackages ?? []
        lastCompared = try await plugin.describe().lastComparison(of: target)
    }
}

extension NameComparison {
    /// Compares the names of a target with a list of the distribution's packages.
    ///
    /// - Parameter listName: the list's name, for the report.
    /// - Throws: `Failure` if no plugin serves the target, or a plugin or the repository cannot be used.
    package init(
        of repositories: RepositorySet, on target: String, with list: PackageList, called listName: String,
        _ catalog: PluginCatalog
    ) async throws {
        let answer = try await TargetDepexts(of: DepextUsage(repositories), on: target, catalog)
        self.init(
            target: target, against: list, called: listName, packages: answer.packages, installed: answer.installed,
            lastCompared: answer.lastCompared)
    }
}
