internal import Core
package import PluginMessages

/// The comparison of a plugin's names of system packages for one target with the distribution's list.
package struct NameComparison: Encodable {
    /// A name that disagrees with the list.
    package struct Mistake: Encodable {
        enum Kind: String, Encodable {
            /// The plugin installs it, but the distribution does not have it.
            case missing
            /// The plugin calls it unknown, but the distribution has it.
            case present
        }

        var kind: Kind
        var name: String
        /// How the plugin arrives at the name.
        var origin: String
        /// Similar names in the list.
        var nearest: [String]
    }

    var target: String
    /// The name of the list as given.
    var list: String
    /// The number of names compared.
    var compared: Int
    /// The date on which, according to the plugin, its names were last compared.
    var lastCompared: String?
    /// The names that disagree with the list.
    package var mistakes: [Mistake] = []

    /// - Parameters:
    ///   - packages: the resolution of a repository's depexts.
    ///   - installed: the packages that the bootstrap installs.
    package init(
        target: String, against list: PackageList, called listName: String, packages: [SystemPackage],
        installed: [String], lastCompared: String?
    ) {
        self.target = target
        self.list = listName
        self.lastCompared = lastCompared
        var origins: [String: String] = [:]
        for name in installed { origins[name] = "installed in every environment" }
        for package in packages {
            for name in package.packages where origins[name] == nil {
                origins[name] =
                    package.status == .mapped ? "the plugin's name for '\(package.name)'" : "passed through as it is"
            }
        }
        let unknown = packages.filter { $0.status == .unknown }.map(\.name)
        compared = origins.count + unknown.count
        for (name, origin) in origins.sorted(by: { $0.key < $1.key }) where !list.contains(name) {
            mistakes.append(.init(kind: .missing, name: name, origin: origin, nearest: list.nearest(to: name)))
        }
        for name in unknown.sorted() where list.contains(name) {
            mistakes.append(.init(kind: .present, name: name, origin: "called unknown by the plugin", nearest: []))
        }
    }

    /// The comparison for people.
    package var text: String {
        let last =
            lastCompared.map { "the plugin says that they were last compared on \($0)" } ?? "never compared before"
        var lines = ["\(target): \(compared) names compared with \(list); \(last)"]
        for mistake in mistakes {
            switch mistake.kind {
            case .missing:
                let near = mistake.nearest.isEmpty ? "" : "; similar names: \(mistake.nearest.joined(separator: ", "))"
                lines.append("  '\(mistake.name)' is not in the list (\(mistake.origin))\(near)")
            case .present: lines.append("  '\(mistake.name)' is in the list (\(mistake.origin))")
            }
        }
        if mistakes.isEmpty { lines.append("  all agree") }
        return lines.joined(separator: "\n")
    }

    /// One line for each mistake.
    package var csv: String {
        mistakes.map { "\(target),\($0.kind.rawValue),\($0.name),\($0.nearest.joined(separator: " "))\n" }.joined()
    }
}

extension PackageList {
    /// Up to three names with a similar spelling, nearest first: those that differ in a suffix or numbers, or in few
    /// letters.
    package func nearest(to name: String) -> [String] {
        var found: [String] = []
        var candidates = names.filter { $0.first == name.first && abs($0.count - name.count) <= max(2, name.count / 3) }
        let stem = Self.stem(name)
        let alike = candidates.filter { Self.stem($0) == stem }.sorted().suffix(3)
        found += alike
        candidates.subtract(alike)
        while found.count < 3, let next = Core.nearest(to: name, in: candidates.sorted()) {
            found.append(next)
            candidates.remove(next)
        }
        return found
    }

    private static func stem(_ name: String) -> String {
        name.filter { !$0.isNumber && $0 != "." }
    }
}
