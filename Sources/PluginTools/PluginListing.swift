package import Core
package import PluginHost
package import PluginMessages

/// The plugins of a catalog and the files that cannot be used; its JSON form is documented in docs/plugins.md.
package struct PluginListing: Encodable, Sendable {
    /// A plugin that was loaded.
    package struct Entry: Encodable, Sendable {
        /// The name in its descriptor.
        package var name: String
        /// The version in its descriptor.
        package var version: String
        /// The digest of the file.
        package var digest: Digest
        /// The path of the file.
        package var file: String
        /// The description in one line.
        package var summary: String
        /// The targets with known names.
        package var targets: [String]
        /// All architectures of its targets in opam's spelling, sorted.
        package var architectures: [String]
        /// The options that a matrix may set for its targets.
        package var options: [PluginOption]
        /// The dates on which the names of system packages were last compared with the distribution's list, by target.
        package var namesCompared: [String: String]
        /// These dates in words.
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

    /// A file that is shadowed by another one with the same name.
    package struct Shadowed: Encodable, Sendable {
        /// The path of the shadowed file.
        package var file: String
        /// The path of the file that shadows it.
        package var by: String
    }

    /// A file that cannot be loaded.
    package struct Broken: Encodable, Sendable {
        /// The path of the file.
        package var file: String
        /// Why it cannot be loaded.
        package var message: String
    }

    /// The plugins in the order of the search path.
    package var plugins: [Entry] = []
    /// The shadowed files.
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
    /// The date on which the names of a target were last compared with the distribution's list; nil for never.
    func lastComparison(of target: String) -> String? {
        distributions.lazy.compactMap { $0.namesCompared?[target] }.first
    }

    /// One date for all targets, `never`, or the date of each target.
    fileprivate var comparisons: String {
        let targets = distributions.flatMap(\.targets)
        let days = targets.map { lastComparison(of: $0) }
        if days.allSatisfy({ $0 == nil }) { return "never" }
        if Set(days).count == 1, let day = days[0] { return day }
        return zip(targets, days).map { "\($0) \($1 ?? "never")" }.joined(separator: ", ")
    }
}
