package import OpamRepository
package import PluginHost
package import PluginMessages

/// What becomes of a repository's depexts on one target.
package struct DepextReport: Encodable, Sendable {
    /// One name.
    package struct Name: Encodable, Sendable {
        /// As in `depexts`.
        package var name: String
        /// What the plugin makes of it.
        package var status: SystemPackage.Status
        /// The distro's names.
        package var packages: [String]
        /// Why the plugin does not know it.
        package var reason: String?
        /// How many versions of packages name it there.
        package var users: Int
    }

    /// The target's name.
    package var target: String
    /// All names whose filter is true on the target.
    package var names: [Name]
    /// How many versions of packages name something unknown.
    package var blocked: Int
    /// When the plugin's names were last compared with the distro's list.
    package var compared: String?

    /// A report for each target.
    ///
    /// - Parameter targets: none: the newest of each distro that has a plugin.
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

    /// How many names there are of a kind.
    package func count(_ condition: (Name) -> Bool) -> Int {
        names.count(where: condition)
    }
}

/// A repository's depexts, and what a plugin makes of them on one target.
private struct TargetDepexts {
    let target: String
    let names: [DepextUsage.Name]
    let packages: [SystemPackage]
    /// What the bootstrap installs.
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
    /// Compares the names of a target with a list of the distro's packages.
    ///
    /// - Parameter listName: the list's name, for the reader.
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
