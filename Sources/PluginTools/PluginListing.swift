package import Core
package import PluginHost
package import PluginMessages

/// The plugins of a catalog and the files that are none; its JSON form is documented in docs/plugins.md.
package struct PluginListing: Encodable, Sendable {
    /// A plugin that was loaded.
    package struct Entry: Encodable, Sendable {
        /// As in its descriptor.
        package var name: String
        /// As in its descriptor.
        package var version: String
        /// Of the file.
        package var digest: Digest
        /// The path of the file.
        package var file: String
        /// One line about it.
        package var summary: String
        /// The targets that it knows by name.
        package var targets: [String]
        /// All architectures that some target has, in opam's spelling, sorted.
        package var architectures: [String]
        /// What a matrix may set for its targets.
        package var options: [PluginOption]
        /// When the names of system packages were last compared with the distro's list, by target.
        package var namesCompared: [String: String]
        /// The same in words.
        package var comparisons: String

        private enum CodingKeys: CodingKey {
            case name, version, digest, file, summary, targets, architectures, options, namesCompared
        }

        init(_ identity: Plugin.Identity, _ file: String, _ description: PluginDescription) {
            name = identity.name
            version = identity.version
            digest = identity.digest
            self.file = file
            summary = description.summary
            targets = description.distributions.flatMap(\.targets)
            architectures = Set(description.distributions.flatMap(\.architectures)).sorted()
            options = description.options
            namesCompared = description.distributions.reduce(into: [:]) { all, distribution in
                all.merge(distribution.namesCompared ?? [:]) { first, _ in first }
            }
            comparisons = description.comparisons
        }
    }

    /// A file that another one of the same name hides.
    package struct Shadowed: Encodable, Sendable {
        /// The path of the hidden file.
        package var file: String
        /// The path of the file that hides it.
        package var by: String
    }

    /// A file that cannot be loaded.
    package struct Broken: Encodable, Sendable {
        /// The path of the file.
        package var file: String
        /// Why it cannot be loaded.
        package var message: String
    }

    /// In the order of the search path.
    package var plugins: [Entry] = []
    /// Files that others hide.
    package var shadowed: [Shadowed]
    /// Files that cannot be loaded.
    package var broken: [Broken] = []

    /// Loads every plugin of the catalog.
    package init(of catalog: PluginCatalog) async throws {
        shadowed = catalog.found.shadowed.map { Shadowed(file: $0.file.path, by: $0.by.path) }
        for file in catalog.found.files {
            do {
                let plugin = try await catalog.load(file)
                plugins.append(Entry(plugin.identity, file.path, try await plugin.describe()))
            } catch let failure as Failure {
                broken.append(Broken(file: file.path, message: failure.description))
            }
        }
    }
}

extension PluginDescription {
    /// The day on which the names of a target were last compared with the distro's list; nil: never.
    func lastComparison(of target: String) -> String? {
        distributions.lazy.compactMap { $0.namesCompared?[target] }.first
    }

    /// For all targets: one day, `never`, or each target's.
    fileprivate var comparisons: String {
        let targets = distributions.flatMap(\.targets)
        let days = targets.map { lastComparison(of: $0) }
        if days.allSatisfy({ $0 == nil }) { return "never" }
        if Set(days).count == 1, let day = days[0] { return day }
        return zip(targets, days).map { "\($0) \($1 ?? "never")" }.joined(separator: ", ")
    }
}
